# The service as an image: production dependencies, JavaScript and WebAssembly; no compiler, no sources, no root.
#
#   docker build --tag fairsieve:0.1.0 .
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REGISTRY/fairsieve:0.1.0 --push .
#
# Nothing in it but the base image depends on the processor, so both stages before the last run on the machine that builds, whatever
# it builds for, and the last one runs no command.

FROM --platform=$BUILDPLATFORM node:26.10.0-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The script that `npm ci` would call needs the sources, which come later, so that they can change without another download.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY assembly ./assembly
COPY src ./src
RUN npm run prepack
RUN mkdir /build/data

FROM --platform=$BUILDPLATFORM node:26.10.0-trixie-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
# Optional is the runtime for machines whose Node.js is older; the base image has the right one.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:26.10.0-trixie-slim
# SQLite's temporary files go to the data folder: a replica over Redis has its working copy there, which may be larger than
# what a /tmp in memory should hold.
ENV NODE_ENV=production \
    FAIRSIEVE_HOST=0.0.0.0 \
    FAIRSIEVE_PORT=8080 \
    FAIRSIEVE_DATA_DIR=/data \
    SQLITE_TMPDIR=/data
WORKDIR /app
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/build/kernel.wasm ./build/kernel.wasm
COPY --from=build /build/dist ./dist
COPY --from=build --chown=1000:1000 /build/data /data
COPY package.json LICENSE ./
COPY bin ./bin
# The user `node` of the base image, by number, so that Kubernetes can see that it is not root.
USER 1000:1000
# The only folder that is written to, besides /tmp; the root may be read-only.
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# A replica answers once it has loaded its database, which takes as long as there is much in it.
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=300s --start-interval=1s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.FAIRSIEVE_PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/fairsieve.js"]
CMD ["serve"]
