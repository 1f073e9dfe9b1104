# The service and its web page. See docker-compose.yml for how to run it with an Ollama of its own.

# The bots need their platforms' libraries: EXTRAS=png has none of them. pyproject.toml lists what there is.
ARG EXTRAS=png,slack,feishu,dingtalk,wecom

FROM python:3.13-slim AS build
ARG EXTRAS
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY service service
COPY knowledge knowledge
COPY prompts prompts
COPY examples examples
RUN pip wheel --no-cache-dir --wheel-dir /wheels ".[${EXTRAS}]"

FROM python:3.13-slim
ARG EXTRAS
LABEL org.opencontainers.image.title="explain-log" \
      org.opencontainers.image.description="Explains the logs of ollama serve and llama.cpp, in Chinese and English" \
      org.opencontainers.image.licenses="MIT"
# The picture of a report as PNG needs a font with Chinese.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels "explain-log[${EXTRAS}]" \
    && useradd --system --uid 10001 --create-home --home-dir /data explain-log
# Everything that is written goes to /data, so the root file system may be read-only.
# EXPLAIN_LOG_CONTAINER: "all addresses" are the container's own here, so `serve` may listen on them.
ENV EXPLAIN_LOG_CONTAINER=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    XDG_DATA_HOME=/data \
    XDG_CACHE_HOME=/data/cache \
    XDG_CONFIG_HOME=/data/config
USER explain-log
WORKDIR /data
VOLUME /data
EXPOSE 8377
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8377/healthz', timeout=4)"]
ENTRYPOINT ["explain-log"]
# Who reaches it is what `ports` publishes: in docker-compose.yml this machine only.
CMD ["serve", "--host", "0.0.0.0", "--port", "8377"]
