"""Contrastive tuning of an encoder in PyTorch: two passes of one text, or a text and one of its tags."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from recommender.ml.configs import TransformerConfig
from recommender.ml.errors import ConfigInvalid
from recommender.ml.examples import FloatArray, IntArray, Text
from recommender.ml.parts import OnProgress
from recommender.ml.transformer import framed_pieces, padded_ids
from recommender.ml.transformer_checkpoint import Checkpoint, bare_names
from recommender.ml.transformer_wordpiece import WordPiece

_BATCHES_SORTED_TOGETHER = 20
_LARGEST_GRADIENT = 1.0
_WARM_UP = 0.1  # share of the steps


def tuned_weights(  # noqa: PLR0913 - one call that says everything
    config: TransformerConfig,
    checkpoint: Checkpoint,
    texts: Sequence[Text],
    tag_texts: Sequence[Sequence[str]],
    seed: int,
    on_progress: OnProgress,
) -> dict[str, FloatArray]:
    """The checkpoint's weights after tuning, under the same names."""
    before = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = _model(checkpoint)
            _Tuning(config, checkpoint, model, seed, on_progress).run(texts, tag_texts)
    finally:
        torch.set_num_threads(before)
    return bare_names({name: value.detach().numpy() for name, value in model.state_dict().items()})


def _model(checkpoint: Checkpoint) -> nn.Module:
    try:
        from transformers import AutoModel
    except ImportError as error:
        raise ConfigInvalid("tuning an encoder needs the packages in requirements-transformer.txt") from error
    model: nn.Module = AutoModel.from_pretrained(checkpoint.folder, local_files_only=True, dtype=torch.float32)
    return model.train()


class _Tuning:
    """One run of in-batch contrastive learning."""

    def __init__(
        self, config: TransformerConfig, checkpoint: Checkpoint, model: nn.Module, seed: int, on_progress: OnProgress
    ) -> None:
        self._config, self._model, self._on_progress = config, model, on_progress
        self._tokeniser = WordPiece(checkpoint.words)
        self._rng = np.random.default_rng(seed)
        self._optimiser = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=0.01)

    def run(self, texts: Sequence[Text], tag_texts: Sequence[Sequence[str]]) -> None:
        """`epochs` passes; texts without a tag are left out where tags are learnt."""
        by_tags = self._config.fine_tune == "tags"
        rows = [row for row in range(len(texts)) if not by_tags or tag_texts[row]]
        ids = [framed_pieces(self._tokeniser, texts[row], self._config.tuning_tokens) for row in rows]
        tags = [frozenset(tag_texts[row]) for row in rows] if by_tags else []
        batches = [batch for _ in range(self._config.epochs) for batch in self._batches(ids)]
        for step, batch in enumerate(batches):
            self._set_rate(step, len(batches))
            anchors = [ids[row] for row in batch]
            loss = self._tag_loss(anchors, [tags[row] for row in batch]) if by_tags else self._twin_loss(anchors)
            self._take_step(loss)
            self._on_progress("tuning the encoder", 0.9 * step / len(batches))

    def _batches(self, ids: Sequence[Sequence[int]]) -> Iterator[IntArray]:
        """Random batches of texts of similar length; a last one of a single text teaches nothing."""
        size = self._config.batch_size
        order = self._rng.permutation(len(ids))
        lengths = np.array([len(each) for each in ids], np.int64)
        batches = []
        for start in range(0, len(order), size * _BATCHES_SORTED_TOGETHER):
            rows = order[start : start + size * _BATCHES_SORTED_TOGETHER]
            rows = rows[np.argsort(lengths[rows], kind="stable")]
            batches += [rows[i : i + size] for i in range(0, len(rows), size)]
        for place in self._rng.permutation(len(batches)):
            if len(batches[place]) > 1:
                yield batches[place]

    def _twin_loss(self, anchors: Sequence[Sequence[int]]) -> torch.Tensor:
        first, second = self._vectors(anchors), self._vectors(anchors)
        return self._in_batch_loss(first @ second.T)

    def _tag_loss(self, anchors: Sequence[Sequence[int]], tags: Sequence[frozenset[str]]) -> torch.Tensor:
        """In-batch softmax in which another text's tag is no negative where the text bears it as well."""
        drawn = [self._one_of(each) for each in tags]
        pieces = [framed_pieces(self._tokeniser, Text(tag, ""), self._config.tuning_tokens) for tag in drawn]
        borne = torch.tensor([[tag in each for tag in drawn] for each in tags]).fill_diagonal_(False)
        similarity = self._vectors(anchors) @ self._vectors(pieces).T
        return self._in_batch_loss(similarity.masked_fill(borne, -torch.inf))

    def _one_of(self, tags: frozenset[str]) -> str:
        return sorted(tags)[int(self._rng.integers(len(tags)))]

    def _in_batch_loss(self, similarity: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(similarity / self._config.temperature, torch.arange(len(similarity)))

    def _vectors(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        padded, lengths = padded_ids(ids, self._tokeniser.padding)
        mask = torch.arange(padded.shape[1])[None, :] < torch.from_numpy(lengths)[:, None]
        hidden = self._model(input_ids=torch.from_numpy(padded), attention_mask=mask.long()).last_hidden_state
        pooled = hidden[:, 0] if self._config.pooling == "cls" else (hidden * mask[:, :, None]).sum(dim=1)
        return nn.functional.normalize(pooled, dim=1)

    def _take_step(self, loss: torch.Tensor) -> None:
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._model.parameters(), _LARGEST_GRADIENT)
        self._optimiser.step()

    def _set_rate(self, step: int, n_steps: int) -> None:
        """Up linearly over the first tenth, then down linearly."""
        warm = max(1, round(_WARM_UP * n_steps))
        share = (step + 1) / warm if step < warm else (n_steps - step) / max(n_steps - warm, 1)
        self._optimiser.param_groups[0]["lr"] = self._config.learning_rate * share
