"""Chat models with random weights, written with llama.cpp's own `gguf`: whole, and of no use to anybody."""

from pathlib import Path

import gguf
import numpy

TEMPLATE = "{% for m in messages %}<{{ m.role }}>\n{{ m.content }}\n{% endfor %}<assistant>\n"
_WORDS = "the of and to a in is it you that he was for on are with as I his they be at one have this from".split()


def write(path: Path, *, width: int = 64, layers: int = 2, context: int = 4096, seed: int = 0) -> Path:
    """A Llama of so many layers and so wide, with a vocabulary of bytes and a few words."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("Tiny Random")
    writer.add_license("CC0-1.0")
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // 4)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    size = _vocabulary(writer)
    random = numpy.random.default_rng(seed)

    def weights(*shape: int, scale: float = 0.05) -> numpy.ndarray:
        return (random.standard_normal(shape) * scale).astype(numpy.float32)

    writer.add_tensor("token_embd.weight", weights(size, width))
    writer.add_tensor("output_norm.weight", numpy.ones(width, numpy.float32))
    writer.add_tensor("output.weight", weights(size, width, scale=0.2))
    for layer in range(layers):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{norm}.weight", numpy.ones(width, numpy.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", weights(width, width))
        for name, shape in (("ffn_gate", (2, 1)), ("ffn_up", (2, 1)), ("ffn_down", (1, 2))):
            writer.add_tensor(f"blk.{layer}.{name}.weight", weights(shape[0] * width, shape[1] * width))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary(writer: gguf.GGUFWriter) -> int:
    kinds = gguf.TokenType
    tokens = [("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)]
    tokens += [(f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)]
    pieces = ["▁", *map(chr, range(33, 127)), *(f"▁{word}" for word in _WORDS)]
    tokens += [(piece, kinds.NORMAL) for piece in dict.fromkeys(pieces)]
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text.encode() for text, _ in tokens])
    writer.add_token_scores([-float(at) for at in range(len(tokens))])
    writer.add_token_types([kind for _, kind in tokens])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_chat_template(TEMPLATE)
    return len(tokens)
