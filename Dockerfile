# The App in a container: it needs a Postgres beside it (no Postgres of its own is in the image), and runs no agents.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Optional packages are binaries of the Postgres that development brings along; install scripts are needed by none of ours.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
# git carries what agents made to GitHub; certificates let it and Node know GitHub. Whoever the operator runs it as may
# write to its directory: a new volume takes these rights over.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git \
  && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules/npm /usr/local/bin/npm /usr/local/bin/npx \
  && install --directory --owner=node --group=node --mode=0777 /var/lib/entourage
WORKDIR /app
# Everything belongs to root: the process can't change its own program.
COPY --from=dependencies /app/node_modules node_modules
COPY package.json app.yml LICENSE ./
COPY app app
COPY db db
COPY runner runner
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  PORT=3000 \
  ENTOURAGE_DIR=/var/lib/entourage
# The user `node` of the base image, as a number, so that Kubernetes can tell that it is not root.
USER 1000:1000
EXPOSE 3000
# A database that is away for a moment is no reason to start anew: this asks whether the process lives.
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=4 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# node itself is process 1, so that SIGTERM reaches it and the App ends orderly.
ENTRYPOINT ["node", "app/cli/main.ts"]
CMD ["app"]
