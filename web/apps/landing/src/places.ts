// Where each role works.
import type { Role } from '@allclear/kit'

export const PLACES = [
  { key: 'field', href: '/field/' },
  { key: 'lab', href: '/desk/#/lab' },
  { key: 'headquarters', href: '/desk/' },
  { key: 'grid', href: '/desk/#/missing' },
  { key: 'resident', href: '/resident/' },
  { key: 'board', href: '/board/' },
  { key: 'system', href: '/desk/#/accounts' },
] as const

const FIELD: readonly Role[] = ['registrar', 'site_lead', 'courier']

export function placeOf(role: Role): string {
  return FIELD.includes(role) ? '/field/' : '/desk/'
}
