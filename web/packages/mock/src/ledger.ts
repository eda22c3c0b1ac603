// What a server makes of commands, in the fewest rules that the phone can notice. The true rules are
// in crates/domain; this one exists so that field stories and browser tests need no binary.

import { CAPACITY, parseTube, personKey } from '@allclear/engine'
import type { Command, ExceptionKind, Outcome, SyncRequest, SyncResponse, Warning } from '@allclear/engine'

interface Filed {
  content: string
  outcome: Outcome
}

export class Ledger {
  /** Tube → collections that stand in it. */
  readonly tubes = new Map<string, Map<string, string>>()
  readonly sealed = new Set<string>()
  readonly boxes = new Map<string, Set<string>>()
  readonly handovers = new Map<string, Command[]>()
  /** Round and person → collection. */
  readonly sampled = new Map<string, string>()
  private readonly filed = new Map<string, Filed>()
  private readonly voided = new Set<string>()
  private readonly size = new Map<string, number>()
  private readonly personOf = new Map<string, string>()

  sync(request: SyncRequest, receivedAt: string): SyncResponse {
    return { received_at: receivedAt, outcomes: request.commands.map((command) => this.file(command)) }
  }

  /** How many commands of distinct ids arrived. */
  get commands(): number {
    return this.filed.size
  }

  get collections(): number {
    let sum = 0
    for (const tube of this.tubes.values()) sum += tube.size
    return sum
  }

  private file(command: Command): Outcome {
    const content = JSON.stringify(command)
    const before = this.filed.get(command.id)
    if (before !== undefined) {
      if (before.content === content) return before.outcome
      return { id: command.id, state: 'exception', exception: 'content_differs', warning: null }
    }
    const made = this.apply(command)
    const exception = typeof made === 'string' ? made : null
    const warning = typeof made === 'object' ? made.warning : null
    const outcome: Outcome = {
      id: command.id,
      state: exception === null ? 'recorded' : 'exception',
      exception,
      warning,
    }
    this.filed.set(command.id, { content, outcome })
    return outcome
  }

  private apply(command: Command): ExceptionKind | { warning: Warning | null } {
    switch (command.op) {
      case 'record_collection':
        return this.collect(command)
      case 'void_collection':
        this.voided.add(command.collection)
        this.takeOut(command.collection)
        return { warning: null }
      case 'move_collection':
        this.takeOut(command.collection)
        this.putIn(command.collection, command.to_tube, CAPACITY[command.to_kind])
        return { warning: null }
      case 'seal_tube': {
        this.sealed.add(command.tube)
        const recorded = this.tubes.get(command.tube)?.size ?? 0
        return recorded === command.counted || command.difference_signed_by !== null
          ? { warning: null }
          : 'count_differs'
      }
      case 'pack_tube':
        this.boxes.set(command.box, (this.boxes.get(command.box) ?? new Set()).add(command.tube))
        return { warning: null }
      case 'unpack_tube':
        this.boxes.get(command.box)?.delete(command.tube)
        return { warning: null }
      case 'seal_box':
        return (this.boxes.get(command.box)?.size ?? 0) === command.counted ? { warning: null } : 'count_differs'
      case 'hand_over':
        this.handovers.set(command.handover, [...(this.handovers.get(command.handover) ?? []), command])
        return { warning: null }
    }
  }

  private collect(command: Command & { op: 'record_collection' }): ExceptionKind | { warning: Warning | null } {
    if (!parseTube(command.tube).ok) return 'malformed_code'
    if (this.voided.has(command.id)) return { warning: null }
    const key = `${command.round}/${personKey(command.person)}`
    if (this.sampled.has(key)) return 'second_collection'
    const size = CAPACITY[command.tube_kind]
    if ((this.tubes.get(command.tube)?.size ?? 0) >= size) return 'tube_over_full'
    this.sampled.set(key, command.id)
    this.personOf.set(command.id, key)
    this.putIn(command.id, command.tube, size)
    return { warning: this.tubes.get(command.tube)?.size === size ? 'tube_full' : null }
  }

  private putIn(collection: string, tube: string, size: number): void {
    this.size.set(tube, size)
    const members = this.tubes.get(tube) ?? new Map<string, string>()
    members.set(collection, this.personOf.get(collection) ?? '')
    this.tubes.set(tube, members)
  }

  private takeOut(collection: string): void {
    for (const members of this.tubes.values()) members.delete(collection)
    const key = this.personOf.get(collection)
    if (key !== undefined && this.sampled.get(key) === collection && this.voided.has(collection))
      this.sampled.delete(key)
  }
}
