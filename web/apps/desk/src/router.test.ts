import type { Role } from '@allclear/kit'
import { describe, expect, it } from 'vitest'
import { codeOf, entryOf, visibleMenu } from './router'
import { allSections, GROUPS } from './section'

const sections = allSections()
const seenBy = (...roles: Role[]) => visibleMenu(sections, { has: (...asked) => asked.some((role) => roles.includes(role)) })

describe('the sidebar', () => {
  it('shows an administrator the accounts, and nobody else', () => {
    expect(seenBy('administrator').map((item) => item.path)).toContain('/accounts')
    expect(seenBy('registrar', 'courier', 'lab_entry').map((item) => item.path)).not.toContain('/accounts')
    expect(seenBy()).toEqual([])
  })

  it('is in the order of the groups', () => {
    const groups = seenBy('administrator', 'headquarters', 'lab_entry').map((item) => GROUPS.indexOf(item.group))
    expect(groups).toEqual([...groups].sort((a, b) => a - b))
  })

  it('leads only to pages that exist, each once', () => {
    const paths = sections.flatMap((section) => section.routes.map((route) => route.path))
    const entries = sections.flatMap((section) => section.menu.map((item) => item.path))
    expect(new Set(paths).size).toBe(paths.length)
    expect(entries.filter((path) => !paths.includes(path))).toEqual([])
  })

  it.each([
    ['/rounds/0190', '/rounds'],
    ['/people/12000001', '/people'],
    ['/trace/tube/T0000000101', '/trace'],
    ['/lab', '/lab'],
    ['/lab/runs', '/lab/runs'],
    ['/lab/runs/0190', '/lab/runs'],
    ['/nowhere', undefined],
    // Nobody's: another word that begins alike.
    ['/roundsmen', undefined],
  ])('marks at %s the entry %s', (path, entry) => {
    expect(entryOf(seenBy('administrator', 'headquarters', 'lab_entry'), path)?.path).toBe(entry)
  })

  it('has a title in both languages for every entry', () => {
    const word = (set: unknown, key: string) =>
      key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], set)
    for (const section of sections) {
      for (const item of section.menu) {
        const [name, ...rest] = item.title.split('.')
        expect(name).toBe(section.name)
        expect(word(section.messages.zh, rest.join('.'))).toBeTypeOf('string')
        expect(word(section.messages.en, rest.join('.'))).toBeTypeOf('string')
      }
    }
  })
})

describe('the link of the first start', () => {
  it.each([
    ['#/setup?code=abc', 'abc'],
    ['#/setup', undefined],
    ['#/reset?code=abc', undefined],
    ['#/accounts?code=abc', undefined],
    ['', undefined],
  ])('%s carries %s', (hash, code) => expect(codeOf('/setup', hash)).toBe(code))
})
