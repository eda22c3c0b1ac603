// What this device did, folded from its own commands: open tubes and who is in them, boxes, what the
// courier carries. Pure: the same commands in device order always give the same tally, so a reload or
// a crash needs nothing but the outbox.

import type { OutboxRecord } from './database'
import type { Entry } from './outbox'
import type { ExceptionKind, PersonRef, TubeKind } from './wire'

/** How many swabs a tube of each kind takes: what the kinds mean, not policy. */
export const CAPACITY: Record<TubeKind, number> = { single: 1, pool5: 5, pool10: 10, pool20: 20, household: 20 }

export interface Member {
  collection: string
  person: string
  round: string
  label: string
  tube: string
  at: string
  exception: ExceptionKind | null
}

export interface TallyTube {
  code: string
  kind: TubeKind
  members: Member[]
  sealedAt: string | null
  counted: number | null
  box: string | null
}

export type BoxState = 'open' | 'sealed' | 'given' | 'carried'

export interface TallyBox {
  code: string
  tubes: string[]
  state: BoxState
  at: string
}

/** Identity of a person on this device, to notice the same one twice. */
export function personKey(person: PersonRef): string {
  switch (person.by) {
    case 'no':
      return `no:${person.no}`
    case 'code':
      return `code:${person.code}`
    case 'document':
      return `document:${person.kind}:${person.number}`
    case 'manual':
      return `manual:${person.provisional}`
  }
}

export class Tally {
  readonly tubes = new Map<string, TallyTube>()
  readonly boxes = new Map<string, TallyBox>()
  private readonly members = new Map<string, Member>()
  private readonly sampled = new Map<string, Member>()

  /** Folds one command in. Commands come in device order. */
  apply({ command, label }: Entry): void {
    switch (command.op) {
      case 'record_collection':
        return this.collect({
          member: {
            collection: command.id,
            person: personKey(command.person),
            round: command.round,
            label,
            tube: command.tube,
            at: command.at,
            exception: null,
          },
          kind: command.tube_kind,
        })
      case 'void_collection':
        return this.drop(command.collection)
      case 'move_collection':
        return this.move(command.collection, command.to_tube, command.to_kind)
      case 'seal_tube':
        return this.sealTube(command.tube, command.counted, command.at)
      case 'pack_tube':
        return this.pack(command.box, command.tube, command.at)
      case 'unpack_tube':
        return this.unpack(command.box, command.tube)
      case 'seal_box':
        return this.setBox(command.box, 'sealed', command.at)
      case 'hand_over':
        for (const box of command.boxes) this.setBox(box, command.side === 'giver' ? 'given' : 'carried', command.at)
    }
  }

  /** Shows on a member what the server made of the collection. */
  answered(record: OutboxRecord): void {
    const member = this.members.get(record.id)
    if (member !== undefined) member.exception = record.exception
  }

  private tube(code: string, kind: TubeKind): TallyTube {
    const known = this.tubes.get(code)
    if (known !== undefined) return known
    const fresh: TallyTube = { code, kind, members: [], sealedAt: null, counted: null, box: null }
    this.tubes.set(code, fresh)
    return fresh
  }

  private collect({ member, kind }: { member: Member; kind: TubeKind }): void {
    const tube = this.tube(member.tube, kind)
    if (tube.members.length === 0) tube.kind = kind
    tube.members.push(member)
    this.members.set(member.collection, member)
    this.sampled.set(`${member.round}/${member.person}`, member)
  }

  private drop(collection: string): void {
    const member = this.members.get(collection)
    if (member === undefined) return
    this.takeOut(member)
    this.members.delete(collection)
    const key = `${member.round}/${member.person}`
    if (this.sampled.get(key) !== member) return
    this.sampled.delete(key)
    // The same person may stand in another tube too (an exception in waiting): that one counts now.
    for (const other of this.members.values()) {
      if (`${other.round}/${other.person}` === key) this.sampled.set(key, other)
    }
  }

  private takeOut(member: Member): void {
    const tube = this.tubes.get(member.tube)
    if (tube === undefined) return
    tube.members = tube.members.filter((other) => other !== member)
    if (tube.members.length === 0 && tube.sealedAt === null) this.tubes.delete(tube.code)
  }

  private move(collection: string, to: string, kind: TubeKind): void {
    const member = this.members.get(collection)
    if (member === undefined) return
    this.takeOut(member)
    member.tube = to
    const tube = this.tube(to, kind)
    if (tube.members.length === 0) tube.kind = kind
    tube.members.push(member)
  }

  private sealTube(code: string, counted: number, at: string): void {
    const tube = this.tube(code, 'pool10')
    tube.sealedAt = at
    tube.counted = counted
  }

  private pack(box: string, tube: string, at: string): void {
    const known = this.boxes.get(box) ?? { code: box, tubes: [], state: 'open' as const, at }
    this.boxes.set(box, known)
    if (!known.tubes.includes(tube)) known.tubes.push(tube)
    const packed = this.tubes.get(tube)
    if (packed !== undefined) packed.box = box
  }

  private unpack(box: string, tube: string): void {
    const known = this.boxes.get(box)
    if (known === undefined) return
    known.tubes = known.tubes.filter((other) => other !== tube)
    if (known.tubes.length === 0) this.boxes.delete(box)
    const packed = this.tubes.get(tube)
    if (packed?.box === box) packed.box = null
  }

  private setBox(code: string, state: BoxState, at: string): void {
    const box = this.boxes.get(code) ?? { code, tubes: [], state, at }
    box.state = state
    box.at = at
    this.boxes.set(code, box)
  }

  member(collection: string): Member | undefined {
    return this.members.get(collection)
  }

  /** The collection of this person in this round on this device, if there is one. */
  sampledHere(round: string, person: PersonRef): Member | undefined {
    return this.sampled.get(`${round}/${personKey(person)}`)
  }

  /** The last collection that stands in an open tube. */
  last(): Member | undefined {
    let last: Member | undefined
    for (const member of this.members.values()) {
      if (
        this.tubes.get(member.tube)?.sealedAt === null &&
        (last === undefined || member.collection > last.collection)
      ) {
        last = member
      }
    }
    return last
  }

  boxHolding(tube: string): TallyBox | undefined {
    for (const box of this.boxes.values()) if (box.tubes.includes(tube)) return box
    return undefined
  }

  openTubes(): TallyTube[] {
    return [...this.tubes.values()].filter((tube) => tube.sealedAt === null && tube.members.length > 0)
  }

  /** Sealed tubes that are in no box yet. */
  tubesToPack(): TallyTube[] {
    return [...this.tubes.values()].filter((tube) => tube.sealedAt !== null && tube.box === null)
  }

  boxesIn(...states: BoxState[]): TallyBox[] {
    return [...this.boxes.values()].filter((box) => states.includes(box.state))
  }

  /** Collections that stand, on this device. */
  get collections(): number {
    return this.members.size
  }

  /** Whether nothing is half done here: no open tube, no open or carried box. */
  get settled(): boolean {
    return this.openTubes().length === 0 && this.boxesIn('open', 'sealed', 'carried').length === 0
  }
}
