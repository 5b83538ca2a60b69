ARG SBX_BASE
FROM ${SBX_BASE}
# The program is linked out of the package of its platform; npm leaves a second one for processors that lack AVX2.
RUN npm install --global opencode-ai@1.18.33 \
 && npm cache clean --force \
 && rm -rf /root/.npm /tmp/* /usr/local/lib/node_modules/opencode-ai/node_modules \
 && opencode --version
USER agent
ENTRYPOINT ["opencode"]
