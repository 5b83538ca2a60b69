/** Why the set-up cannot go on, and what a person can do about it. */
export class SetUpProblem extends Error {
  /**
   * @param {string} message
   * @param {string} fix
   */
  constructor(message, fix) {
    super(message);
    this.fix = fix;
  }
}
