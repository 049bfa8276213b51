# Lotus's image: `docker build -t lotus .`, then any command of docs/reference/cli.md as its arguments.

FROM node:22-bookworm-slim AS console
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY console/package.json console/
RUN npm ci
COPY . .
RUN npm run console

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY console/package.json console/
RUN npm ci --omit=dev
COPY . .
COPY --from=console /app/console/dist console/dist
ENV LOTUS_CACHE_DIR=/opt/lotus
RUN node docker/provision.mjs

FROM node:22-bookworm-slim
ENV NODE_ENV=production \
    LOTUS_CACHE_DIR=/opt/lotus \
    LOTUS_STATE_DIR=/var/lib/lotus
# The state folder holds spill files only: everything that matters is in Postgres, S3 and Temporal.
RUN mkdir -p /var/lib/lotus && chown node:node /var/lib/lotus
COPY --from=build /opt/lotus /opt/lotus
COPY --from=build /app /app
WORKDIR /app
USER node
VOLUME /var/lib/lotus
# Healthy: Postgres, S3 and Temporal answer from here, and the lake can be read. A worker that has died ends the
# container, which its restart policy sees.
HEALTHCHECK --interval=60s --timeout=30s --start-period=120s --retries=3 \
    CMD ["node", "/app/bin/lotus.mjs", "sql", "SELECT 1"]
ENTRYPOINT ["node", "/app/bin/lotus.mjs"]
CMD ["worker"]
