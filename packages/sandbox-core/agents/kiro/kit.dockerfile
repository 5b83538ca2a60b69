ARG SBX_BASE
FROM ${SBX_BASE}
# There is no package of it in a registry, and its maker keeps no older version: what is installed is the newest one. The
# build without glibc runs on every Debian.
RUN curl -fsSL --proto '=https' --tlsv1.2 -o /tmp/kiro.zip "https://desktop-release.q.us-east-1.amazonaws.com/latest/kirocli-$(uname -m)-linux-musl.zip" \
 && unzip -q /tmp/kiro.zip -d /tmp/kiro \
 && install -m 0755 /tmp/kiro/*/bin/kiro-cli* /usr/local/bin/ \
 && rm -rf /tmp/* \
 && kiro-cli --version
USER agent
ENTRYPOINT ["kiro-cli"]
