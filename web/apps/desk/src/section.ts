// What a section of the desk brings along. A new section is a folder `sections/<name>/` whose
// `index.ts` default-exports one of these: nothing else needs to be edited.
import type { MessageSet, Role } from '@allclear/kit'
import type { Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'

/** Groups of the sidebar, in this order. */
export const GROUPS = ['command', 'sampling', 'lab', 'people', 'system'] as const
export type Group = (typeof GROUPS)[number]

export interface MenuItem {
  /** Route path, e.g. `/accounts`. */
  path: string
  /** Message key of the entry, e.g. `accounts.menu`. */
  title: string
  icon: Component
  group: Group
  /** Place within the group; lower is higher. */
  order: number
  /** Who sees it. What is really allowed the server decides. */
  roles: readonly Role[]
}

export interface Section {
  /** Name of the folder and of the message set: `t('<name>.…')`. */
  name: string
  menu: MenuItem[]
  routes: RouteRecordRaw[]
  messages: MessageSet
}

export function defineSection(section: Section): Section {
  return section
}

/** Every section under `sections/`. */
export function allSections(): Section[] {
  const found = import.meta.glob<{ default: Section }>('./sections/*/index.ts', { eager: true })
  return Object.values(found).map((module) => module.default)
}
