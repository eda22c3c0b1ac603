// Kinds of tube: what the round says here is what the table offers.
import { ROUND, townRoster, townShift } from '@allclear/mock'
import { expect, it } from 'vitest'
import { classify } from '../classify'
import { tubeFromSerial } from '../codes'
import { CAPACITY } from '../tally'
import { rfc3339 } from '../world'
import type { Shift, TubeKind } from '../wire'
import { START, Scenario } from './scenario'

const tubes = [tubeFromSerial(1), tubeFromSerial(2)] as const

async function table(kind: TubeKind, own: Record<number, TubeKind> = {}): Promise<Scenario> {
  const phone = await Scenario.phone(9)
  const asOf = rfc3339(START)
  const shift: Shift = {
    ...townShift(asOf),
    kinds: [{ round: ROUND, area: '330784105201', groups: [], tube_kind: kind }],
  }
  const roster = await townRoster(9, asOf, rfc3339(START + 12 * 3_600_000))
  for (const entry of roster.entries) {
    const mine = own[entry.no]
    if (mine !== undefined) entry.tube_kinds = { [ROUND]: mine }
  }
  await phone.field.takePost({ shift, round: ROUND, station: 1 }, roster)
  return phone
}

async function person(phone: Scenario, no: number) {
  const entry = phone.field.roster?.no(no)
  const found = await phone.field.desk.recognise(classify(entry?.codes[0] ?? ''))
  if (!found.ok || found.people[0] === undefined) throw new Error('not found')
  return found.people[0]
}

it.each(['single', 'household', 'pool5'] as const)('a tube of a village of %s is one', async (kind) => {
  const phone = await table(kind)
  expect(await phone.field.desk.putTube(tubes[0])).toEqual({ ok: true, kind, count: 0 })
  const answer = await phone.field.desk.register(await person(phone, 1))
  expect(answer).toMatchObject({ ok: true, left: CAPACITY[kind] - 1 })
  expect(phone.field.tally.tubes.get(tubes[0])?.kind).toBe(kind)
  await phone.sync()
  expect((await phone.field.history()).map((record) => record.state)).toEqual(['recorded'])
})

it('somebody whose group has its own kind makes an empty tube that kind, and is not put with others', async () => {
  const phone = await table('pool10', { 3: 'single' })
  await phone.field.desk.putTube(tubes[0])
  expect(await phone.field.desk.register(await person(phone, 1))).toMatchObject({ ok: true, left: 9 })
  expect(await phone.field.desk.register(await person(phone, 3))).toMatchObject({ ok: false, refusal: 'other_kind', kind: 'single' })
  await phone.field.desk.putTube(tubes[1])
  expect(await phone.field.desk.register(await person(phone, 3))).toMatchObject({ ok: true, left: 0 })
  expect(phone.field.tally.tubes.get(tubes[1])?.kind).toBe('single')
})

it('a site that closes says where to go, also after a restart', async () => {
  const phone = await table('pool10')
  const news = townShift(rfc3339(START))
  const goTo = { site: '0190a000-0000-7000-8000-00000000000c', name: '石柱镇 塘里村 采样点', hours: '07:00-20:00' }
  await phone.field.renewShift({ ...news, site: { ...news.site, open: false }, closed_reason: '停电', go_to: goTo })
  await phone.reload()
  expect(phone.field.post?.shift).toMatchObject({ closed_reason: '停电', go_to: goTo, site: { open: false } })
})
