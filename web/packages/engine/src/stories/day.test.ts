// @vitest-environment node
// Field stories: what a phone goes through on a sampling day.
import { villager } from '@allclear/mock'
import { describe, expect, it } from 'vitest'
import { classify } from '../classify'
import { boxFromSerial, tubeFromSerial } from '../codes'
import type { Candidate } from '../desk'
import { Scenario } from './scenario'

async function who(phone: Scenario, no: number): Promise<Candidate> {
  const found = await phone.field.desk.recognise(classify(villager(no).card))
  if (!found.ok || !found.people[0]) throw new Error('not recognised')
  return found.people[0]
}

async function scan(phone: Scenario, tube: string, ...people: number[]): Promise<void> {
  expect((await phone.field.desk.putTube(tube)).ok).toBe(true)
  for (const no of people) expect(await phone.field.desk.register(await who(phone, no))).toMatchObject({ ok: true })
}

const [T1, T2] = [tubeFromSerial(1), tubeFromSerial(2)]

describe('a sampling day', () => {
  it('works offline for 2,000 persons and gives the server each of them once', async () => {
    const phone = await Scenario.phone(2000)
    phone.world.connected = false
    for (let tube = 0; tube < 200; tube += 1) {
      const code = tubeFromSerial(1000 + tube)
      await scan(phone, code, ...Array.from({ length: 10 }, (_, i) => tube * 10 + i + 1))
      expect((await phone.field.desk.sealTube(code, 10)).ok).toBe(true)
      phone.world.ms += 140_000
      if (tube % 50 === 49) await phone.reload()
    }
    await phone.field.step()
    expect(phone.field.counts.kept).toBe(2200)
    phone.world.connected = true
    await phone.sync()
    expect(phone.server.collections).toBe(2000)
    expect(phone.server.sampled.size).toBe(2000)
    expect(phone.field.counts).toMatchObject({ kept: 0, sending: 0, recorded: 2200, exception: 0 })
    expect(Math.max(...phone.sizes)).toBe(200)
  }, 120_000)

  it('keeps a command on disk before anything is sent, and sends it again after a crash', async () => {
    const phone = await Scenario.phone()
    await scan(phone, T1, 1, 2, 3)
    // The server files the batch, the answer is lost, and the phone dies while "sending".
    let lost = 0
    phone.answer = (_, honest) => {
      honest()
      lost += 1
      return new Promise(() => undefined)
    }
    void phone.field.step()
    while (lost === 0) await new Promise((done) => setTimeout(done, 1))
    phone.answer = undefined
    const before = (await phone.field.history()).map((record) => record.id)
    expect((await phone.field.history()).every((record) => record.state === 'sending')).toBe(true)
    await phone.reload()
    await phone.sync()
    expect((await phone.field.history()).map((record) => record.id)).toEqual(before)
    expect(phone.server.commands).toBe(3)
    expect(phone.server.collections).toBe(3)
    expect(phone.field.counts.recorded).toBe(3)
  })

  it('does not mind answers that are reordered, doubled, partial or about something else', async () => {
    const phone = await Scenario.phone()
    await scan(phone, T1, 1, 2, 3, 4)
    let turn = 0
    phone.answer = (_, honest) => {
      turn += 1
      const response = honest()
      const outcomes = response.outcomes.reverse()
      const stray = {
        id: '0190a000-0000-7000-8000-00000000ffff',
        state: 'recorded' as const,
        exception: null,
        warning: null,
      }
      if (turn === 1) response.outcomes = [stray, ...outcomes.slice(0, 1), ...outcomes.slice(0, 1)]
      return { kind: 'answered', response }
    }
    await phone.field.step()
    expect(phone.field.counts).toMatchObject({ recorded: 1, kept: 3 })
    await phone.sync()
    expect(phone.field.counts).toMatchObject({ recorded: 4, kept: 0, sending: 0 })
  })

  it('replays everything without a second effect', async () => {
    const phone = await Scenario.phone()
    await scan(phone, T1, 1, 2)
    await phone.field.desk.undoLast()
    const outcomes: string[] = []
    phone.answer = (request, honest) => {
      const first = honest()
      const second = phone.server.sync(request, first.received_at)
      outcomes.push(JSON.stringify(first.outcomes) === JSON.stringify(second.outcomes) ? 'same' : 'other')
      return { kind: 'answered', response: second }
    }
    await phone.sync()
    expect(outcomes).toEqual(['same'])
    expect(phone.server.collections).toBe(1)
  })

  it('halves its batch when told that it is too much, and grows again', async () => {
    const phone = await Scenario.phone()
    for (let tube = 1; tube <= 30; tube += 1) await scan(phone, tubeFromSerial(tube), tube)
    phone.answer = (request, honest) =>
      request.commands.length > 8 ? { kind: 'too_large' } : { kind: 'answered', response: honest() }
    await phone.sync()
    expect(phone.sizes.slice(0, 4)).toEqual([30, 15, 7, 14])
    expect(phone.server.collections).toBe(30)
  })

  it('waits as long as the server asks, and longer at each failure', async () => {
    const phone = await Scenario.phone()
    await scan(phone, T1, 1)
    phone.answer = () => ({ kind: 'busy', retryAfterMs: 20_000 })
    await phone.field.step()
    expect(phone.field.waitUntil - phone.world.ms).toBeGreaterThanOrEqual(20_000)
    expect(phone.field.waitUntil - phone.world.ms).toBeLessThanOrEqual(24_000)
    expect(await phone.field.step()).toBe('wait')
    expect(phone.sizes).toEqual([1])
    phone.answer = () => ({ kind: 'unreachable' })
    const waits: number[] = []
    for (let i = 0; i < 9; i += 1) {
      phone.world.ms = phone.field.waitUntil
      await phone.field.step()
      waits.push(phone.field.waitUntil - phone.world.ms)
    }
    expect(waits[0]).toBeLessThanOrEqual(2_000)
    expect(waits.at(-1)).toBeGreaterThanOrEqual(30_000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000)
    phone.answer = undefined
    await phone.sync()
    expect(phone.field.counts.recorded).toBe(1)
  })

  it('parks a command that the server calls malformed, and the others go on', async () => {
    const phone = await Scenario.phone()
    await scan(phone, T1, 1, 2, 3, 4, 5)
    const bad = (await phone.field.history())[2]?.id
    phone.answer = (request, honest) =>
      request.commands.some((command) => command.id === bad)
        ? { kind: 'refused', code: 'malformed_request' }
        : { kind: 'answered', response: honest() }
    for (let i = 0; i < 12; i += 1) await phone.field.step()
    expect(phone.field.counts).toMatchObject({ recorded: 4, kept: 1, refused: 1 })
    expect((await phone.field.history()).find((record) => record.id === bad)?.refused).toBe('malformed_request')
    phone.answer = undefined
    phone.world.ms += 301_000
    await phone.sync()
    expect(phone.field.counts).toMatchObject({ recorded: 5, refused: 0 })
  })

  it('measures how far its clock is off', async () => {
    const phone = await Scenario.phone()
    phone.serverOffsetMs = -3_600_000
    await scan(phone, T1, 1)
    await phone.sync()
    expect(phone.field.clockOffsetMs).toBe(-3_600_000)
    // A clock that jumps back makes no id twice and no number twice.
    phone.world.ms -= 86_400_000
    await scan(phone, T2, 2, 3)
    const records = await phone.field.history()
    expect(records.map((record) => record.seq)).toEqual([1, 2, 3])
    expect([...records].sort((a, b) => (a.id < b.id ? -1 : 1)).map((record) => record.seq)).toEqual([1, 2, 3])
  })

  it('shows an exception beside the person, and loses nothing', async () => {
    const phone = await Scenario.phone()
    phone.server.sampled.set(`0190a000-0000-7000-8000-00000000000a/no:2`, 'elsewhere')
    const remarks: string[] = []
    phone.field.onRemark((record, label) => remarks.push(`${label} ${record.exception}`))
    await scan(phone, T1, 1, 2)
    await phone.sync()
    expect(phone.field.counts).toMatchObject({ recorded: 1, exception: 1 })
    expect(remarks).toEqual([`${(await who(phone, 2)).label} second_collection`])
    const members = phone.field.tally.tubes.get(T1)?.members ?? []
    expect(members.map((member) => member.exception)).toEqual([null, 'second_collection'])
  })

  it('is told who holds a tube that another table opened, and still knows it after a restart', async () => {
    const phone = await Scenario.phone()
    const holder = { site_name: '塘里村采样点', station: 2 }
    phone.answer = (_, honest) => {
      const response = honest()
      const held = { state: 'exception', exception: 'tube_held_elsewhere', holder } as const
      return { kind: 'answered', response: { ...response, outcomes: response.outcomes.map((outcome) => ({ ...outcome, ...held })) } }
    }
    const told: unknown[] = []
    phone.field.onRemark((record) => told.push(record.holder))
    await scan(phone, T1, 1)
    await phone.sync()
    expect(told).toEqual([holder])
    await phone.reload()
    expect(await phone.field.history()).toMatchObject([{ exception: 'tube_held_elsewhere', holder }])
  })
})

describe('the table', () => {
  it('announces a full tube and refuses the eleventh swab', async () => {
    const phone = await Scenario.phone()
    await scan(phone, T1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    expect(await phone.field.desk.register(await who(phone, 10))).toMatchObject({ ok: true, left: 0 })
    expect(await phone.field.desk.register(await who(phone, 11))).toMatchObject({ ok: false, refusal: 'tube_full' })
  })

  it.each([
    ['single', 1],
    ['pool5', 5],
    ['pool20', 20],
    ['household', 20],
  ] as const)('a %s tube takes %i', async (kind, size) => {
    const phone = await Scenario.phone()
    await phone.field.desk.putTube(T1, kind)
    for (let no = 1; no <= size; no += 1) await phone.field.desk.register(await who(phone, no))
    expect(await phone.field.desk.register(await who(phone, size + 1))).toMatchObject({ refusal: 'tube_full' })
  })

  it('undoes the last, again and again, but not in a sealed tube', async () => {
    const phone = await Scenario.phone()
    await scan(phone, T1, 1, 2, 3)
    expect(await phone.field.desk.undoLast()).toMatchObject({ ok: true, member: { person: 'no:3' } })
    expect(await phone.field.desk.undoLast()).toMatchObject({ ok: true, member: { person: 'no:2' } })
    await phone.field.desk.sealTube(T1, 1)
    expect(await phone.field.desk.undoLast()).toMatchObject({ ok: false, refusal: 'nothing_to_undo' })
    // Somebody taken back can be registered again.
    await scan(phone, T2, 2)
  })

  it('moves a person to another tube until one of them is sealed', async () => {
    const phone = await Scenario.phone()
    await scan(phone, T1, 1, 2)
    await scan(phone, T2, 3)
    const collection = phone.field.tally.tubes.get(T1)?.members[0]?.collection ?? ''
    expect((await phone.field.desk.move(collection, T2)).ok).toBe(true)
    expect(phone.field.tally.tubes.get(T2)?.members.map((m) => m.person)).toEqual(['no:3', 'no:1'])
    await phone.field.desk.sealTube(T1, 1)
    expect(await phone.field.desk.move(collection, T1)).toMatchObject({ ok: false, refusal: 'tube_sealed' })
    await phone.reload()
    expect(phone.field.tally.tubes.get(T2)?.members).toHaveLength(2)
    await phone.sync()
    expect(phone.server.tubes.get(T2)?.size).toBe(2)
    expect(phone.server.tubes.get(T1)?.size).toBe(1)
  })

  it('notices the same person twice in a round, also in two quick scans, and keeps both if told so', async () => {
    const phone = await Scenario.phone()
    await phone.field.desk.putTube(T1)
    const one = await who(phone, 1)
    const both = await Promise.all([phone.field.desk.register(one), phone.field.desk.register(one)])
    expect(both.map((answer) => answer.ok)).toEqual([true, false])
    const byNumber = await phone.field.desk.recognise(classify(villager(1).number))
    expect(byNumber).toMatchObject({ ok: true, people: [{ idMode: 'card', sampled: { tube: T1 } }] })
    expect(await phone.field.desk.register(one, true)).toMatchObject({ ok: true })
    await phone.sync()
    expect(phone.field.counts).toMatchObject({ recorded: 1, exception: 1 })
  })

  it('seals only when the count agrees or a name stands under the difference', async () => {
    const phone = await Scenario.phone()
    await scan(phone, T1, 1, 2)
    expect(await phone.field.desk.sealTube(T1, 3)).toMatchObject({ ok: false, refusal: 'count_differs' })
    expect(await phone.field.desk.sealTube(T1, 3, ' ')).toMatchObject({ ok: false, refusal: 'count_differs' })
    expect((await phone.field.desk.sealTube(T1, 3, '林')).ok).toBe(true)
    expect(await phone.field.desk.putTube(T1)).toMatchObject({ ok: false, refusal: 'tube_sealed' })
    expect(await phone.field.desk.sealTube(T2, 0)).toMatchObject({ ok: false, refusal: 'tube_empty' })
  })

  it('packs sealed tubes into a box, counts them, and seals it', async () => {
    const phone = await Scenario.phone()
    const box = boxFromSerial(1)
    await scan(phone, T1, 1)
    await phone.field.desk.putBox(box)
    expect(await phone.field.desk.pack(T1)).toMatchObject({ ok: false, refusal: 'tube_not_sealed' })
    await phone.field.desk.sealTube(T1, 1)
    expect(await phone.field.desk.pack(T1)).toMatchObject({ ok: true, again: false })
    expect(await phone.field.desk.pack(T1)).toMatchObject({ ok: true, again: true })
    expect((await phone.field.desk.pack(T2)).ok).toBe(true)
    expect((await phone.field.desk.unpack(T2)).ok).toBe(true)
    expect(await phone.field.desk.sealBox(2)).toMatchObject({ ok: false, refusal: 'count_differs' })
    expect((await phone.field.desk.sealBox(1)).ok).toBe(true)
    expect(await phone.field.desk.putBox(box)).toMatchObject({ ok: false, refusal: 'box_closed' })
    await phone.sync()
    expect([...(phone.server.boxes.get(box) ?? [])]).toEqual([T1])
    expect(phone.field.counts.exception).toBe(0)
  })

  it('knows a family by one code, and people without a number by hand', async () => {
    const phone = await Scenario.phone()
    await phone.field.desk.putTube(T1, 'household')
    const family = await phone.field.desk.recognise(classify(villager(4).householdCode))
    if (!family.ok) throw new Error(family.refusal)
    expect(family.people.map((one) => one.person)).toEqual([4, 5, 6].map((no) => ({ by: 'no', no })))
    for (const member of family.people) await phone.field.desk.register(member)
    const byHand = await phone.field.desk.byHand({ name: '欧阳婴儿', birthYear: 2021 })
    if (!byHand.ok) throw new Error(byHand.refusal)
    expect(byHand.person.label).toBe('欧阳')
    await phone.field.desk.register(byHand.person)
    expect(phone.field.tally.tubes.get(T1)?.members).toHaveLength(4)
    expect(await phone.field.desk.byHand({ name: ' ' })).toMatchObject({ ok: false, refusal: 'name_missing' })
  })
})
