// A phone, a town and a server that can be bent: network cuts, wrong clocks, slow or impatient answers.

import 'fake-indexeddb/auto'
import { Ledger, ROUND, townRoster, townShift } from '@allclear/mock'
import { Field } from '../field'
import type { Identity } from '../field'
import type { SendResult } from '../sender'
import type { SyncRequest, SyncResponse } from '../wire'
import { rfc3339 } from '../world'
import type { World } from '../world'

export const START = Date.parse('2022-01-05T11:00:00Z')

export class Bent implements World {
  ms = START
  connected = true
  private state = 42
  now(): number {
    return this.ms
  }
  online(): boolean {
    return this.connected
  }
  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 1) {
      this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0
      bytes[i] = this.state >>> 24
    }
  }
}

let phones = 0

/** A phone at a table, with a seeded town. `answer` may replace what the network does. */
export class Scenario {
  readonly world = new Bent()
  readonly server = new Ledger()
  readonly name: string
  readonly sizes: number[] = []
  serverOffsetMs = 0
  answer: ((request: SyncRequest, honest: () => SyncResponse) => SendResult | Promise<SendResult>) | undefined
  field!: Field

  private constructor(readonly identity: Identity) {
    phones += 1
    this.name = `phone-${phones}`
  }

  static async phone(population = 30, role = 'registrar'): Promise<Scenario> {
    const device = `0190a000-0000-7000-8000-${String(phones + 1).padStart(12, '0')}`
    const scenario = new Scenario({ device, deviceNo: phones + 1, token: 'secret', name: '小林', roles: [role] })
    await scenario.open()
    await scenario.field.enrolled(scenario.identity)
    const asOf = rfc3339(START)
    const roster = population > 0 ? await townRoster(population, asOf, rfc3339(START + 12 * 3_600_000)) : undefined
    await scenario.field.takePost({ shift: townShift(asOf), round: ROUND, station: 1 }, roster)
    return scenario
  }

  private async open(): Promise<void> {
    this.field = await Field.open({
      name: this.name,
      world: this.world,
      transport: () => (request) => this.carry(request),
    })
  }

  private async carry(request: SyncRequest): Promise<SendResult> {
    this.sizes.push(request.commands.length)
    const copy = JSON.parse(JSON.stringify(request)) as SyncRequest
    const honest = () => this.server.sync(copy, rfc3339(this.world.ms + this.serverOffsetMs))
    if (!this.world.connected) throw new TypeError('network')
    return this.answer ? this.answer(copy, honest) : { kind: 'answered', response: honest() }
  }

  /** The browser is killed and started again. */
  async reload(): Promise<void> {
    await this.field.close()
    await this.open()
  }

  /** Sends until nothing is left, letting the clock run through every wait. */
  async sync(turns = 200): Promise<void> {
    for (let i = 0; i < turns; i += 1) {
      const step = await this.field.step()
      if (step === 'idle') return
      if (step !== 'sent') this.world.ms = Math.max(this.world.ms, this.field.waitUntil) + 1
    }
    throw new Error('the outbox does not empty')
  }
}
