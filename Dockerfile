# The service and the command, for docker-compose.yml.
FROM python:3.13-slim
WORKDIR /opt/dragon-ledger
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY dragon_ledger dragon_ledger
COPY api api
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && useradd --create-home --home-dir /var/lib/dragon dragon
USER dragon
WORKDIR /var/lib/dragon
EXPOSE 8080
ENTRYPOINT ["dragon-ledger"]
CMD ["api", "serve", "--config", "/var/lib/dragon/api.toml", "--host", "0.0.0.0", "--port", "8080"]
