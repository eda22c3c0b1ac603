// Small checks with words, and a count at the end that the house's test script reads.
export class Report {
  #passed = 0
  #failed = 0

  async run(name, body) {
    const began = Date.now()
    const faults = []
    try {
      await body((fault) => faults.push(fault))
    } catch (error) {
      faults.push(error.stack ?? String(error))
    }
    if (faults.length === 0) {
      this.#passed += 1
      console.log(`ok      ${name} (${Date.now() - began} ms)`)
    } else {
      this.#failed += 1
      console.log(`FAILED  ${name}\n        ${faults.join('\n        ')}`)
    }
  }

  close() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`)
    return this.#failed === 0
  }
}
