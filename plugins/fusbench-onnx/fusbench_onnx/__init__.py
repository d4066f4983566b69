"""fusbench's zoo in ONNX: networks as graphs, written without a framework, for ONNX Runtime."""
