# docker build -t fusbench . && docker run --rm -v "$PWD/runs:/study/runs" fusbench evaluate --model clstmunet-torch
FROM python:3.12-slim
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu \
 && pip install --no-cache-dir '.[import]' ./plugins/fusbench-torch
WORKDIR /study
ENV FUSBENCH_CACHE=/study/cache
ENTRYPOINT ["fusbench"]
CMD ["--help"]
