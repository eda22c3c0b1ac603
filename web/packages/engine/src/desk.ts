// The registrar's table: tubes, people, boxes. Refusals are values; each has one word on the screen.

import { normaliseDocument } from './documents'
import type { Field, Post } from './field'
import { surname } from './roster'
import type { Scan } from './classify'
import { CAPACITY } from './tally'
import type { Member, TallyBox, TallyTube } from './tally'
import type { DocumentKind, IdMode, PersonRef, RosterEntry, Shift, TubeKind } from './wire'

export type Refusal =
  | 'no_post'
  | 'no_tube'
  | 'tube_full'
  | 'tube_sealed'
  | 'tube_boxed'
  | 'tube_not_sealed'
  | 'tube_empty'
  | 'already_sampled'
  | 'other_kind'
  | 'family_unknown'
  | 'not_a_person'
  | 'not_a_number'
  | 'name_missing'
  | 'unknown_collection'
  | 'count_differs'
  | 'box_closed'
  | 'box_empty'
  | 'not_in_box'
  | 'nothing_to_undo'
  | 'misread'

export type Answer<T> =
  ({ ok: true } & T) | { ok: false; refusal: Refusal; tube?: string; at?: string; kind?: TubeKind }

const refuse = (refusal: Refusal, more: { tube?: string; at?: string; kind?: TubeKind } = {}): { ok: false; refusal: Refusal } => ({
  ok: false,
  refusal,
  ...more,
})

/** Somebody at the table, recognised or not. */
export interface Candidate {
  person: PersonRef
  label: string
  idMode: IdMode
  /** From the roster, to say it aloud; undefined when only the server knows. */
  name: string | undefined
  /** Where and when they were sampled in this round, as far as this device knows. */
  sampled: { tube: string | undefined; at: string | undefined } | undefined
  /** How many share the household, this person included. */
  familySize: number
  /** Kind of tube that the round says for this person, where it is not the usual one here. */
  kind: TubeKind | undefined
}

export interface Registered {
  collection: string
  tube: TallyTube
  left: number
}

/** Kind of tube that a round says for most people of a site. */
export function usualKind(shift: Shift, round: string): TubeKind {
  const here = shift.kinds?.find((kind) => kind.round === round && kind.groups.length === 0)
  return here?.tube_kind ?? shift.rounds.find((one) => one.id === round)?.tube_kind ?? 'pool10'
}

export class Desk {
  /** The tube on the table, and the kind it will have if it is new; `chosen` if the registrar said so. */
  active: { code: string; kind: TubeKind; chosen?: boolean } | undefined
  /** The box on the table. */
  box: string | undefined

  constructor(private readonly field: Field) {}

  async restore(): Promise<void> {
    this.active = (await this.field.db.get('meta', 'active_tube')) as typeof this.active
    this.box = (await this.field.db.get('meta', 'active_box')) as string | undefined
  }

  async leave(): Promise<void> {
    this.active = undefined
    this.box = undefined
    await this.field.db.delete('meta', 'active_tube')
    await this.field.db.delete('meta', 'active_box')
  }

  private async setActive(active: typeof this.active): Promise<void> {
    this.active = active
    if (active === undefined) await this.field.db.delete('meta', 'active_tube')
    else await this.field.db.put('meta', active, 'active_tube')
    this.field.tell()
  }

  private post(): Post | undefined {
    return this.field.post
  }

  /** Puts a tube on the table: a new one, or an open one to go on with. */
  putTube(code: string, kind?: TubeKind): Promise<Answer<{ kind: TubeKind; count: number }>> {
    return this.field.inTurn(async () => {
      const post = this.post()
      if (post === undefined) return refuse('no_post')
      const known = this.field.tally.tubes.get(code)
      if (known?.sealedAt != null) return refuse('tube_sealed', { tube: code, at: known.sealedAt })
      if (this.field.tally.boxHolding(code) !== undefined) return refuse('tube_boxed', { tube: code })
      const now = known?.kind ?? kind ?? usualKind(post.shift, post.round)
      await this.setActive({ code, kind: now, ...(kind !== undefined && { chosen: true }) })
      return { ok: true, kind: now, count: known?.members.length ?? 0 }
    })
  }

  /** Another size for the tube on the table, while it is empty. */
  setKind(kind: TubeKind): Promise<Answer<object>> {
    return this.field.inTurn(async () => {
      if (this.active === undefined) return refuse('no_tube')
      if ((this.field.tally.tubes.get(this.active.code)?.members.length ?? 0) > 0) return refuse('tube_full')
      await this.setActive({ code: this.active.code, kind, chosen: true })
      return { ok: true }
    })
  }

  /** Who does this scan mean? */
  async recognise(scan: Scan, typed = false): Promise<Answer<{ people: Candidate[] }>> {
    const book = this.field.roster
    if (scan.kind === 'misread') return refuse('misread')
    if (scan.kind === 'card') {
      const entry = book?.card(scan.code)
      const person: PersonRef = { by: 'code', code: scan.code }
      const unknown = () => this.stranger(person, typed ? 'typed' : 'code', `…${scan.code.slice(-4)}`)
      return { ok: true, people: [entry ? this.known(entry, typed ? 'typed' : 'code') : unknown()] }
    }
    if (scan.kind === 'household') {
      const family = book?.family(scan.code) ?? []
      if (family.length === 0) return refuse('family_unknown')
      return { ok: true, people: family.map((entry) => this.known(entry, 'proxy')) }
    }
    if (scan.kind === 'resident_id') {
      const entry = await book?.document(scan.number)
      const idMode = typed ? 'typed' : 'card'
      if (entry !== undefined) return { ok: true, people: [this.known(entry, idMode)] }
      return { ok: true, people: [this.documentHolder('resident_id', scan.number, null, idMode)] }
    }
    return refuse('not_a_person')
  }

  /** The others of the household, to register with one code. */
  family(candidate: Candidate): Candidate[] {
    const book = this.field.roster
    const entry = candidate.person.by === 'no' ? book?.no(candidate.person.no) : undefined
    if (book === undefined || entry === undefined) return [candidate]
    return book.familyOf(entry).map((member) => (member.no === entry.no ? candidate : this.known(member, 'proxy')))
  }

  /** Somebody without a number, or whose document cannot be scanned. */
  async byHand(form: {
    name: string
    phone?: string
    birthYear?: number
    document?: { kind: DocumentKind; number: string }
  }): Promise<Answer<{ person: Candidate }>> {
    const name = form.name.trim()
    if (form.document !== undefined) {
      const number = normaliseDocument(form.document.kind, form.document.number)
      if (number === undefined) return refuse('not_a_number')
      const entry = await this.field.roster?.document(number)
      if (entry !== undefined) return { ok: true, person: this.known(entry, 'typed') }
      return { ok: true, person: this.documentHolder(form.document.kind, number, name === '' ? null : name, 'typed') }
    }
    if (name === '') return refuse('name_missing')
    const person: PersonRef = {
      by: 'manual',
      provisional: this.field.newId(),
      name,
      phone: form.phone?.trim() || null,
      birth_year: form.birthYear ?? null,
    }
    return { ok: true, person: this.stranger(person, 'manual', surname(name)) }
  }

  private documentHolder(kind: DocumentKind, number: string, name: string | null, idMode: IdMode): Candidate {
    const label = name === null ? `…${number.slice(-4)}` : surname(name)
    return this.stranger({ by: 'document', kind, number, name }, idMode, label)
  }

  private stranger(person: PersonRef, idMode: IdMode, label: string): Candidate {
    return { person, idMode, label, name: undefined, sampled: this.sampledHere(person), familySize: 1, kind: undefined }
  }

  private known(entry: RosterEntry, idMode: IdMode): Candidate {
    const person: PersonRef = { by: 'no', no: entry.no }
    const elsewhere = entry.sampled ? { tube: undefined, at: undefined } : undefined
    const sampled = this.sampledHere(person) ?? elsewhere
    const familySize = this.field.roster?.familyOf(entry).length ?? 1
    const kind = entry.tube_kinds?.[this.post()?.round ?? '']
    return { person, idMode, label: surname(entry.name), name: entry.name, sampled, familySize, kind }
  }

  private sampledHere(person: PersonRef): Candidate['sampled'] {
    const round = this.post()?.round
    const member = round === undefined ? undefined : this.field.tally.sampledHere(round, person)
    return member && { tube: member.tube, at: member.at }
  }

  /**
   * A swab went into the tube on the table. `anyway` registers a person a second time: it happened,
   * so it is kept, and a supervisor decides.
   */
  register(who: Candidate, anyway = false): Promise<Answer<Registered>> {
    return this.field.inTurn(async () => {
      const post = this.post()
      if (post === undefined) return refuse('no_post')
      if (this.active === undefined) return refuse('no_tube')
      const { code, chosen } = this.active
      const known = this.field.tally.tubes.get(code)
      const filled = known !== undefined && known.members.length > 0
      // The first swab says what an empty tube is, unless the registrar chose.
      const kind = !filled && !chosen && who.kind !== undefined ? who.kind : this.active.kind
      if (known?.sealedAt != null) return refuse('tube_sealed', { tube: code, at: known.sealedAt })
      const inHand = known?.kind ?? kind
      const size = CAPACITY[inHand]
      if ((known?.members.length ?? 0) >= size) return refuse('tube_full', { tube: code })
      // Asked again here, in turn: two quick scans of one card are one person.
      const before = this.sampledHere(who.person) ?? who.sampled
      if (before !== undefined && !anyway) {
        const { tube, at } = before
        return refuse('already_sampled', { ...(tube && { tube }), ...(at && { at }) })
      }
      if (filled && !chosen && who.kind !== undefined && who.kind !== inHand && !anyway) {
        return refuse('other_kind', { tube: code, kind: who.kind })
      }
      const collection = await this.field.keep(
        {
          op: 'record_collection',
          round: post.round,
          site: post.shift.site.id,
          station: post.station,
          tube: code,
          tube_kind: inHand,
          person: who.person,
          id_mode: who.idMode,
        },
        who.label,
      )
      const tube = this.field.tally.tubes.get(code)
      if (tube === undefined) return refuse('no_tube')
      return { ok: true, collection, tube, left: size - tube.members.length }
    })
  }

  /** Takes the last collection back, as long as its tube is open. */
  undoLast(): Promise<Answer<{ member: Member }>> {
    return this.field.inTurn(async () => {
      const member = this.field.tally.last()
      if (member === undefined) return refuse('nothing_to_undo')
      await this.field.keep(
        { op: 'void_collection', collection: member.collection, tube: member.tube, reason: 'undo' },
        member.label,
      )
      return { ok: true, member }
    })
  }

  takeBack(collection: string, reason: string): Promise<Answer<{ member: Member }>> {
    return this.field.inTurn(async () => {
      const member = this.field.tally.member(collection)
      if (member === undefined) return refuse('unknown_collection')
      if (this.field.tally.tubes.get(member.tube)?.sealedAt != null) return refuse('tube_sealed', { tube: member.tube })
      await this.field.keep({ op: 'void_collection', collection, tube: member.tube, reason }, member.label)
      return { ok: true, member }
    })
  }

  /** The swab is in another tube than we said. Both must still be open. */
  move(collection: string, toTube: string, kind?: TubeKind): Promise<Answer<{ member: Member }>> {
    return this.field.inTurn(async () => {
      const { tally } = this.field
      const member = tally.member(collection)
      if (member === undefined) return refuse('unknown_collection')
      const from = tally.tubes.get(member.tube)
      const to = tally.tubes.get(toTube)
      if (from?.sealedAt != null) return refuse('tube_sealed', { tube: member.tube })
      if (to?.sealedAt != null) return refuse('tube_sealed', { tube: toTube })
      const toKind = to?.kind ?? kind ?? from?.kind ?? 'pool10'
      if (member.tube === toTube) return { ok: true, member }
      if ((to?.members.length ?? 0) >= CAPACITY[toKind]) return refuse('tube_full', { tube: toTube })
      await this.field.keep(
        { op: 'move_collection', collection, from_tube: member.tube, to_tube: toTube, to_kind: toKind },
        member.label,
      )
      return { ok: true, member }
    })
  }

  /** Closes a tube. The count of swabs must agree, or somebody signs the difference. */
  sealTube(code: string, counted: number, signedBy?: string): Promise<Answer<object>> {
    return this.field.inTurn(async () => {
      const tube = this.field.tally.tubes.get(code)
      if (tube === undefined || tube.members.length === 0) return refuse('tube_empty')
      if (tube.sealedAt !== null) return refuse('tube_sealed', { tube: code, at: tube.sealedAt })
      const signature = signedBy?.trim() || null
      const differs = counted !== tube.members.length
      if (differs && signature === null) return refuse('count_differs')
      await this.field.keep({ op: 'seal_tube', tube: code, counted, difference_signed_by: differs ? signature : null })
      if (this.active?.code === code) await this.setActive(undefined)
      return { ok: true }
    })
  }

  /** Puts a box on the table. */
  putBox(code: string): Promise<Answer<{ count: number }>> {
    return this.field.inTurn(async () => {
      const known = this.field.tally.boxes.get(code)
      if (known !== undefined && known.state !== 'open') return refuse('box_closed')
      this.box = code
      await this.field.db.put('meta', code, 'active_box')
      this.field.tell()
      return { ok: true, count: known?.tubes.length ?? 0 }
    })
  }

  /** A tube goes into the box on the table. Tubes sealed on another phone are welcome. */
  pack(tube: string): Promise<Answer<{ box: TallyBox | undefined; again: boolean }>> {
    return this.field.inTurn(async () => {
      const post = this.post()
      if (post === undefined) return refuse('no_post')
      if (this.box === undefined) return refuse('no_tube')
      const { tally } = this.field
      const holding = tally.boxHolding(tube)
      if (holding?.code === this.box) return { ok: true, box: holding, again: true }
      if (holding !== undefined) return refuse('tube_boxed', { tube })
      const known = tally.tubes.get(tube)
      if (known !== undefined && known.sealedAt === null) return refuse('tube_not_sealed', { tube })
      await this.field.keep({ op: 'pack_tube', box: this.box, tube, site: post.shift.site.id })
      return { ok: true, box: tally.boxes.get(this.box), again: false }
    })
  }

  unpack(tube: string): Promise<Answer<object>> {
    return this.field.inTurn(async () => {
      const post = this.post()
      const box = this.field.tally.boxHolding(tube)
      if (post === undefined) return refuse('no_post')
      if (box === undefined) return refuse('not_in_box')
      if (box.state !== 'open') return refuse('box_closed')
      await this.field.keep({ op: 'unpack_tube', box: box.code, tube, site: post.shift.site.id })
      return { ok: true }
    })
  }

  /** Closes the box: the gate is that counted tubes equal scanned tubes, or a name under the difference. */
  sealBox(counted: number, signedBy?: string): Promise<Answer<object>> {
    return this.field.inTurn(async () => {
      const box = this.box === undefined ? undefined : this.field.tally.boxes.get(this.box)
      if (box === undefined || box.tubes.length === 0) return refuse('box_empty')
      if (box.state !== 'open') return refuse('box_closed')
      const signature = signedBy?.trim() || null
      const differs = counted !== box.tubes.length
      if (differs && signature === null) return refuse('count_differs')
      await this.field.keep({
        op: 'seal_box',
        box: box.code,
        counted,
        difference_signed_by: differs ? signature : null,
      })
      this.box = undefined
      await this.field.db.delete('meta', 'active_box')
      this.field.tell()
      return { ok: true }
    })
  }
}
