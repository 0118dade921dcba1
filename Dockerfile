# The image of the action: one static program and the list of certificate authorities.
# It sets no user and no working directory, because a container action gets both from the runner.

# What every variant has in common.
FROM scratch AS base
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="fivekeys" \
      org.opencontainers.image.description="DORA's five software delivery metrics from the deployments you already have, kept on a branch." \
      org.opencontainers.image.source="https://github.com/fivekeys/fivekeys" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENTRYPOINT ["/fivekeys"]

# From a program that was built outside: `--target prebuilt --build-arg BIN=fivekeys --build-arg CA=ca.crt`.
# It stands before the compiler's stage, so that it can be built where that base image cannot be pulled.
FROM base AS prebuilt
ARG BIN=fivekeys
ARG CA=ca-certificates.crt
COPY ${CA} /etc/ssl/certs/ca-certificates.crt
COPY ${BIN} /fivekeys

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# An explicit target keeps the flag away from build scripts and procedural macros, which cannot be static.
RUN set -eu; \
    host="$(rustc -vV | sed -n 's/^host: //p')"; \
    RUSTFLAGS="-C target-feature=+crt-static" \
        cargo build --profile dist --locked --bin fivekeys --target "$host"; \
    install -D -m 0755 "target/$host/dist/fivekeys" /out/fivekeys

# From source. This is the last stage, and so what a plain `docker build .` makes.
FROM base AS image
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/fivekeys /fivekeys
