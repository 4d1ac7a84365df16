"""Takes a transformer encoder as it is or tunes it on the platform's own texts, and exports it to ONNX."""

from collections.abc import Callable, Sequence
from typing import Any

from recommender.ml.configs import TransformerConfig
from recommender.ml.errors import ConfigInvalid
from recommender.ml.examples import Text
from recommender.ml.parts import OnProgress
from recommender.ml.settings_json import check_choices
from recommender.ml.transformer import EncoderParts
from recommender.ml.transformer_checkpoint import Checkpoint, read_checkpoint
from recommender.ml.transformer_graph import BertShape, bert_graph, quantised

_LEAST_TOKENS = 8


def fit_encoder(
    config: TransformerConfig,
    texts: Sequence[Text],
    on_progress: OnProgress,
    *,
    seed: int,
    tag_texts: Sequence[Sequence[str]] = (),
) -> EncoderParts:
    """The encoder's graph and vocabulary; without tuning it needs neither torch nor transformers.

    `fine_tune` "contrastive" pulls two passes of a text under different dropout together (SimCSE: Gao et al.,
    EMNLP 2021); "tags" pulls a text to the text of one of its tags, and needs `tag_texts`, those of every text's
    tags (Sentence-BERT: Reimers and Gurevych, EMNLP 2019). Raises ConfigInvalid.
    """
    checkpoint = read_checkpoint(config.source)
    _check(config, checkpoint, texts, tag_texts)
    weights = checkpoint.weights
    if config.fine_tune != "frozen":
        weights = _tuner()(config, checkpoint, texts, tag_texts, seed, on_progress)
    on_progress("exporting the encoder", 0.9)
    shape = BertShape(checkpoint.n_layers, checkpoint.n_heads, checkpoint.epsilon, config.pooling)
    graph = bert_graph(weights, shape)
    settings = {"max_tokens": config.max_tokens, "dim": checkpoint.dim}
    return EncoderParts(quantised(graph) if config.quantised else graph, checkpoint.words, settings)


def _check(
    config: TransformerConfig, checkpoint: Checkpoint, texts: Sequence[Text], tag_texts: Sequence[Sequence[str]]
) -> None:
    check_choices(config)
    if not _LEAST_TOKENS <= config.max_tokens <= checkpoint.most_tokens:
        raise ConfigInvalid(f"max_tokens is {_LEAST_TOKENS} to {checkpoint.most_tokens}, not {config.max_tokens}")
    if config.fine_tune == "tags" and len(tag_texts) != len(texts):
        raise ConfigInvalid(f"fine_tune 'tags' needs the tags' texts of {len(texts)} texts, not of {len(tag_texts)}")


def _tuner() -> Callable[..., Any]:
    """Imported late, because torch and transformers are only there for whoever tunes."""
    from recommender.ml.transformer_tuning import tuned_weights

    return tuned_weights
