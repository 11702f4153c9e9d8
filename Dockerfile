# The reference acquirer, and all of tillproof: one static binary and nothing else. `make image` builds both.
FROM scratch
COPY tillproof /tillproof
USER 65534
EXPOSE 8583
ENTRYPOINT ["/tillproof"]
CMD ["serve", "--profile", "container", "--listen", "0.0.0.0:8583"]
