// @vitest-environment node
import { readFileSync } from 'node:fs'
import { ROUND, villager } from '@allclear/mock'
import { describe, expect, it } from 'vitest'
import { classify } from '../classify'
import { boxFromSerial, parseBox, parseCard, parseHousehold, parseTube, tubeFromSerial } from '../codes'
import { parseResidentId } from '../documents'
import { surname } from '../roster'
import { idMaker } from '../world'
import { Bent } from './scenario'

it('reads codes as the server does: shared table contract/vectors/codes.txt', () => {
  const path = new URL('../../../../../contract/vectors/codes.txt', import.meta.url)
  const rows = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const parsers = { tube: parseTube, box: parseBox, card: parseCard, household: parseHousehold }
  expect(rows.length).toBeGreaterThan(20)
  for (const row of rows) {
    const [kind, raw, want] = row.split('|') as [keyof typeof parsers, string, string]
    const got = parsers[kind](raw)
    expect(got.ok ? got.code : got.why === 'other_kind' ? `other_kind ${got.found}` : got.why, row).toBe(want)
  }
})

describe('what was scanned', () => {
  it.each([
    [tubeFromSerial(42), 'tube'],
    ['690123456789', 'tube'],
    [boxFromSerial(7), 'box'],
    [villager(1).card.toLowerCase(), 'card'],
    [`https://yongkang.example/c/${villager(1).card}`, 'card'],
    [villager(1).householdCode, 'household'],
    [villager(1).number, 'resident_id'],
    ['11010519491231002X', 'resident_id'],
    ['110105491231002', 'resident_id'],
    ['110105194912310021', 'misread'],
    [`${tubeFromSerial(42).slice(0, -1)}${(Number(tubeFromSerial(42).at(-1)) + 1) % 10}`, 'misread'],
    ['https://yongkang.example/field/#/enrol?code=abc-123', 'enrolment'],
    ['管管管管管管', 'unknown'],
    ["T12345678'; DROP", 'unknown'],
    ['', 'unknown'],
    ['x'.repeat(5000), 'unknown'],
  ])('%s is %s', (raw, kind) => {
    expect(classify(raw).kind).toBe(kind)
  })
})

it('converts the fifteen digits of before 1999', () => {
  expect(parseResidentId('110105491231002')).toEqual({ ok: true, number: '11010519491231002X' })
  expect(parseResidentId('11010519491331002X')).toMatchObject({ ok: false })
})

it.each([
  ['王小明', '王'],
  ['欧阳修', '欧阳'],
  ['阳太太', '阳'],
  ['司空', '司'],
  ['John Smith', 'Smith'],
])('shows of %s only %s', (name, want) => {
  expect(surname(name)).toBe(want)
})

it('makes UUIDv7 ids that rise and never repeat, also when the clock runs back', () => {
  const world = new Bent()
  const make = idMaker(world)
  const ids = Array.from({ length: 10_000 }, (_, i) => {
    if (i === 5000) world.ms -= 3_600_000
    return make()
  })
  expect(new Set(ids).size).toBe(ids.length)
  expect([...ids].sort()).toEqual(ids)
  for (const id of ids.slice(0, 50))
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(ROUND).toMatch(/-7000-/)
})
