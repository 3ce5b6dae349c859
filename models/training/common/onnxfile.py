"""Network files as they are published: ONNX, or ONNX with its weights rounded to 11 significant bits and packed by gzip.

Rounded weights answer the same to a thousandth and pack to half the size; the graph stays float32, because OpenCV 4.6 reads no
other.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import numpy_helper

PACKED = ".gz"


def read(path: Path) -> bytes:
    """The ONNX bytes of a published file."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == PACKED else data


def opencv(path: Path) -> cv2.dnn.Net:
    """The network in OpenCV."""
    return cv2.dnn.readNetFromONNX(np.frombuffer(read(path), np.uint8))


def model(path: Path) -> onnx.ModelProto:
    """The graph."""
    return onnx.load_from_string(read(path))


def rounded(graph: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, its weights rounded as float16 rounds them; an error where one is too large for that."""
    for tensor in graph.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        with np.errstate(over="raise"):
            values = numpy_helper.to_array(tensor).astype(np.float16).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    return graph


def write(graph: onnx.ModelProto, path: Path) -> None:
    """Writes a file as its name says: NAME.onnx as it is, NAME.onnx.gz packed, the same bytes for the same graph."""
    data = graph.SerializeToString()
    path.write_bytes(gzip.compress(data, 9, mtime=0) if path.suffix == PACKED else data)
