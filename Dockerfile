# A static binary in an empty image. Go alone builds it: gen/ and web/dist are committed.

FROM golang:1.26-bookworm AS build
WORKDIR /src

# Modules first, so that a change of the sources does not download them again.
COPY go.mod go.sum ./
RUN go mod download

COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w" -o /out/smsflow ./cmd/smsflow \
 && mkdir -p /out/data /out/tmp

FROM scratch

# Certificates for calls to assistants and gateways. Time zones are inside the binary (time/tzdata).
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/smsflow /smsflow

# An empty image has no directories. Both belong to the user below: SQLite keeps its database in /data, sorts in /tmp.
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp

USER 65532:65532
VOLUME /data

# 8080: Connect, the page and the gateways' webhooks. 9090: gRPC.
EXPOSE 8080 9090

ENTRYPOINT ["/smsflow"]
# A container is reached through its published ports only, so it listens on all of its own addresses; TLS ends at the proxy
# in front of it. To end it here, override this with --tls-cert and --tls-key.
CMD ["serve", "--data", "/data", "--http", ":8080", "--grpc", ":9090", "--behind-proxy"]
