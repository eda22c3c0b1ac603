// What the registrar's page does with a scan. One question may be open at a time.
import { CAPACITY, classify } from '@allclear/engine'
import type { Candidate, Refusal, Scan, TubeKind } from '@allclear/engine'
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useBook } from '../book'
import { useSignals } from '../signal'

export type Question =
  | { ask: 'type' }
  | { ask: 'hand' }
  | { ask: 'who' }
  | { ask: 'seal' }
  | { ask: 'kind' }
  | { ask: 'family'; people: Candidate[] }
  | { ask: 'left'; people: Left[]; then: Question | undefined }
  | { ask: 'takeBack'; member: Member }
  | { ask: 'already'; who: Candidate; tube: string | undefined; at: string | undefined }
  | { ask: 'otherKind'; who: Candidate; kind: TubeKind }
  | { ask: 'unsealed'; code: string }
  | { ask: 'move'; collection: string }

/** Why somebody was not taken in: the engine refused, or the phone could not store it. */
export type Why = Refusal | 'store_failed'

/** A ticked member of a family who was not taken in, and why. */
export interface Left {
  who: Candidate
  why: Why
}

export interface Member {
  collection: string
  label: string
  at: string
  bad: boolean
}

export interface TableTube {
  code: string
  kind: TubeKind
  size: number
  members: Member[]
}

export function useRegister() {
  const { field, view } = useBook()
  const { tell } = useSignals()
  const { t } = useI18n()
  const question = ref<Question>()
  /** The last person from the roster, whose household the family button opens. */
  const lastPerson = ref<Candidate>()

  const tube = view((f): TableTube | undefined => {
    const active = f.desk.active
    if (!active) return undefined
    const known = f.tally.tubes.get(active.code)
    const kind = known?.kind ?? active.kind
    const members = (known?.members ?? []).map(({ collection, label, at, exception }) => ({
      collection,
      label,
      at,
      bad: exception !== null,
    }))
    return { code: active.code, kind, size: CAPACITY[kind], members }
  })

  const refuse = (refusal: string, more?: string) => tell('stop', t(`field.refusal.${refusal}`), more)
  const shout = () => tell('stop', t('field.refusal.store_failed'), t('field.storeFailed'))

  async function onScan(text: string, typed = false): Promise<void> {
    const open = question.value
    // While a sheet waits for an answer, only moving takes a scan.
    if (open && open.ask !== 'move' && !typed) return
    const scan = classify(text)
    try {
      if (open?.ask === 'move') return await moveTo(open.collection, scan)
      if (scan.kind === 'tube') return await onTube(scan.code)
      if (scan.kind === 'misread') return tell('note', t('field.refusal.misread'), t('field.rescan'))
      await onPerson(scan, typed)
    } catch {
      shout()
    }
  }

  async function onTube(code: string, sure = false): Promise<void> {
    const now = tube.value
    if (now && now.code !== code && now.members.length > 0 && !sure) {
      question.value = { ask: 'unsealed', code }
      tell('note', t('register.unsealed'))
      return
    }
    const answer = await field.desk.putTube(code)
    if (!answer.ok) return refuse(answer.refusal, code.slice(-4))
    tell('tube', code.slice(-4), t('register.tubeOnTable', { n: answer.count, size: CAPACITY[answer.kind] }))
  }

  async function onPerson(scan: Scan, typed: boolean): Promise<void> {
    if (!tube.value) return refuse('no_tube')
    const found = await field.desk.recognise(scan, typed)
    if (!found.ok) return refuse(found.refusal)
    const [first] = found.people
    if (found.people.length > 1) question.value = { ask: 'family', people: found.people }
    else if (first) await register(first)
  }

  /** Why the person is not in the tube now; undefined if they are. */
  async function register(who: Candidate, anyway = false): Promise<Why | undefined> {
    try {
      const answer = await field.desk.register(who, anyway)
      if (answer.ok) {
        if (who.person.by === 'no') lastPerson.value = who
        announce(who, answer.tube.members.length, answer.left)
        return undefined
      }
      if (answer.refusal === 'already_sampled' && answer.tube === tube.value?.code) {
        // Scanned twice into the same tube: nothing to decide.
        tell('note', who.label, t('register.inThisTube'))
      } else if (answer.refusal === 'already_sampled') {
        question.value = { ask: 'already', who, tube: answer.tube, at: answer.at }
        tell('stop', t('field.refusal.already_sampled'), who.label)
      } else if (answer.refusal === 'other_kind' && answer.kind !== undefined) {
        question.value = { ask: 'otherKind', who, kind: answer.kind }
        tell('stop', t('field.refusal.other_kind'), who.label)
      } else {
        refuse(answer.refusal)
        if (answer.refusal === 'tube_full') question.value = { ask: 'seal' }
      }
      return answer.refusal
    } catch {
      shout()
      return 'store_failed'
    }
  }

  function announce(who: Candidate, count: number, left: number): void {
    const size = count + left
    if (left > 0) return tell('good', who.label, `${count}/${size}`)
    tell('note', t('register.full'), `${who.label} · ${count}/${size}`)
    question.value = { ask: 'seal' }
  }

  async function registerFamily(people: Candidate[]): Promise<void> {
    question.value = undefined
    const left: Left[] = []
    for (const who of people) {
      const why = await register(who)
      if (why !== undefined) left.push({ who, why })
    }
    if (left.length === 0) return
    // Of several decisions only the last stands open; a member who is scanned alone is asked about again.
    question.value = { ask: 'left', people: left, then: left.length === 1 || tubeIsFull() ? question.value : undefined }
    tell('stop', t('register.notTaken', { n: left.length }), left.map(({ who }) => who.label).join(' '))
  }

  const tubeIsFull = () => tube.value !== undefined && tube.value.members.length >= tube.value.size

  function openFamily(): void {
    const who = lastPerson.value
    const people = who ? field.desk.family(who).map((one) => refreshed(one)) : []
    if (people.length > 1) question.value = { ask: 'family', people }
    else tell('note', t('register.family'), t('register.familyNone'))
  }

  /** Sampled or not may have changed since this person was recognised. */
  function refreshed(who: Candidate): Candidate {
    const round = field.post?.round
    const member = round === undefined ? undefined : field.tally.sampledHere(round, who.person)
    return member ? { ...who, sampled: { tube: member.tube, at: member.at } } : who
  }

  async function undo(): Promise<void> {
    const answer = await field.desk.undoLast().catch(() => undefined)
    if (!answer) return shout()
    if (answer.ok) tell('note', t('register.undone'), answer.member.label)
    else refuse(answer.refusal)
  }

  async function takeBack(collection: string): Promise<void> {
    question.value = { ask: 'who' }
    const answer = await field.desk.takeBack(collection, 'wrong person').catch(() => undefined)
    if (!answer) return shout()
    if (answer.ok) tell('note', t('register.undone'), answer.member.label)
    else refuse(answer.refusal)
  }

  async function moveTo(collection: string, scan: Scan): Promise<void> {
    if (scan.kind !== 'tube') return refuse('not_a_tube')
    const answer = await field.desk.move(collection, scan.code)
    if (!answer.ok) return refuse(answer.refusal)
    question.value = undefined
    tell('good', t('register.moved'), `${answer.member.label} → ${scan.code.slice(-4)}`)
  }

  async function seal(counted: number, signedBy?: string): Promise<void> {
    const code = tube.value?.code
    if (!code) return
    const answer = await field.desk.sealTube(code, counted, signedBy).catch(() => undefined)
    if (!answer) return shout()
    if (!answer.ok) return refuse(answer.refusal)
    question.value = undefined
    lastPerson.value = undefined
    tell('good', t('register.sealed'), `${code.slice(-4)} · ${counted}`)
  }

  async function setKind(kind: TubeKind): Promise<void> {
    await field.desk.setKind(kind)
    question.value = undefined
  }

  return { tube, question, lastPerson, onScan, onTube, register, registerFamily, openFamily, undo, takeBack, seal, setKind }
}
