# The base image is pinned by its tag. To pin it by its digest, set NODE_IMAGE to node:22-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:22-bookworm-slim

# JavaScript is the same on every platform, so the builder's own platform compiles it.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/copy-assets.mjs scripts/
COPY src src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
# better-sqlite3 is compiled if its prebuilt binary can't be downloaded.
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

FROM dependencies AS sandbox-dependencies
RUN npm ci --omit=dev

FROM ${NODE_IMAGE} AS base
LABEL org.opencontainers.image.title="imagekit-extension-tracker" \
  org.opencontainers.image.description="Tracks the final status of ImageKit extensions" \
  org.opencontainers.image.licenses="MIT"
WORKDIR /app
RUN install -d -o 1000 -g 1000 -m 700 /data
COPY LICENSE package.json ./
COPY drizzle drizzle
COPY --from=build /build/dist dist
# The user `node` of the base image, as a number, because Kubernetes can't check a name with runAsNonRoot.
USER 1000:1000
VOLUME /data
# Node is process 1 and gets SIGTERM itself. The service starts no other processes, so it needs no init process.
ENTRYPOINT ["node", "/app/dist/main.js"]

# A local ImageKit for development: docker build --target sandbox
FROM base AS sandbox
COPY --from=sandbox-dependencies /app/node_modules node_modules
ENV HOST=0.0.0.0 PORT=3001
EXPOSE 3001
# Any response will do.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT).then(() => process.exit(0), () => process.exit(1))"]
CMD ["sandbox", "--directory", "/data/sandbox"]

FROM base AS tracker
COPY --from=dependencies /app/node_modules node_modules
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATABASE_URL=file:/data/tracker.db
EXPOSE 3000
# Whether the process responds, not whether it is ready: while the database can't be used, a restart would not help.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["serve"]
