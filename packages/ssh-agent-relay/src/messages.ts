/** Numbers of the messages that pass (draft-miller-ssh-agent, section 6.1), and those that answer them. */
export const MESSAGE = {
  failure: 5,
  success: 6,
  requestIdentities: 11,
  identitiesAnswer: 12,
  signRequest: 13,
  signResponse: 14,
  extension: 27,
} as const;

/** The one extension that passes: to which connection of SSH a connection to the agent belongs. */
export const SESSION_BIND = "session-bind@openssh.com";
