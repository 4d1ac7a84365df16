"""A trie over numbered units in flat arrays, searched at all places of a text at once.

Aho and Corasick (CACM 1975, "Efficient string matching") find many names in one pass with failure links. Here every
place starts anew, and all places go down the trie together: a level is one bisection in a sorted array. Names are
short, so this takes as many levels as the longest name begun in the text has units, with no Python loop over the text;
and the arrays are built in as many steps, so that a new tag can come in at any time.
"""

from dataclasses import dataclass

import numpy as np

from recommender.ml.examples import BoolArray, IntArray

UNKNOWN = -1  # a unit of no name, and the barrier between fields
_UNIT_BITS = 32


@dataclass(frozen=True)
class Hits:
    """Names met in a stream of units: first unit, the unit behind the last, and the node, each of shape (n_hits,)."""

    starts: IntArray
    ends: IntArray
    nodes: IntArray


@dataclass(frozen=True)
class NameTrie:
    """Node 0 is the root; edge i, the number `parent << 32 | unit`, leads to node i + 1, and edges are sorted.

    Names that end at node n are `rows[row_offsets[n] : row_offsets[n + 1]]`.
    """

    edges: IntArray  # (n_nodes - 1,)
    row_offsets: IntArray  # (n_nodes + 1,)
    rows: IntArray  # (n_names,)

    @classmethod
    def of(cls, offsets: IntArray, units: IntArray) -> "NameTrie":
        """Trie of the names `units[offsets[i] : offsets[i + 1]]`; none is empty.

        Nodes are numbered level by level in the order of their edges: what keeps all edges sorted.
        """
        lengths = np.diff(offsets)
        nodes = np.zeros(len(lengths), np.int64)
        levels, n_nodes = [np.empty(0, np.int64)], 1
        for depth in range(int(lengths.max(initial=0))):
            longer = np.flatnonzero(lengths > depth)
            edges, places = np.unique(_edges(nodes[longer], units[offsets[longer] + depth]), return_inverse=True)
            nodes[longer] = n_nodes + places
            n_nodes += len(edges)
            levels.append(edges)
        rows = np.argsort(nodes, kind="stable")
        return cls(np.concatenate(levels), np.searchsorted(nodes[rows], np.arange(n_nodes + 1)), rows)

    def hits(self, units: IntArray) -> Hits:
        """Every name at every place of the stream, shorter ones first; the stream's last unit must be UNKNOWN."""
        starts = np.flatnonzero(units >= 0)
        nodes, depth = np.zeros(len(starts), np.int64), 0
        found = [(starts[:0], starts[:0], nodes[:0])]
        while len(starts) and len(self.edges):
            edges = _edges(nodes, units[starts + depth])
            places = np.minimum(self.edges.searchsorted(edges), len(self.edges) - 1)
            met = self.edges[places] == edges
            starts, nodes, depth = starts[met], places[met] + 1, depth + 1
            ends_name = self.row_offsets[nodes + 1] > self.row_offsets[nodes]
            found.append((starts[ends_name], starts[ends_name] + depth, nodes[ends_name]))
        return Hits(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def rows_of(self, nodes: IntArray) -> tuple[IntArray, IntArray]:
        """Names that end at the nodes, and for each the place of its node in `nodes`."""
        counts = self.row_offsets[nodes + 1] - self.row_offsets[nodes]
        places = np.repeat(np.arange(len(nodes)), counts)
        within = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.rows[self.row_offsets[nodes[places]] + within], places


def inside_longer(hits: Hits, counted: BoolArray, n_units: int) -> BoolArray:
    """Whether each hit lies inside a longer one; only `counted` hits can hide others.

    Hits come shorter first, so the last one written for a start is its longest.
    """
    longest_end = np.zeros(n_units + 1, np.int64)
    longest_end[hits.starts[counted]] = hits.ends[counted]
    reach = np.concatenate([[0], np.maximum.accumulate(longest_end)[:-1]])
    inside: BoolArray = (hits.ends < longest_end[hits.starts]) | (hits.ends <= reach[hits.starts])
    return inside


def _edges(parents: IntArray, units: IntArray) -> IntArray:
    return (parents << _UNIT_BITS) | units
