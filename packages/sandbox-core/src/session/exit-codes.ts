/** Exit code of a session whose program was killed, or of which nobody knows how it ended. */
export const KILLED_EXIT = 137;

/** Exit code of a session that was ended by its deadline, as timeout(1) has it. */
export const DEADLINE_EXIT = 124;

/** Exit code of a session that could not be started, as container engines have it. */
export const NOT_STARTED_EXIT = 125;
