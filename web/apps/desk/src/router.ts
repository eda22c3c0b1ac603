import type { Session } from '@allclear/kit'
import { createRouter, createWebHashHistory } from 'vue-router'
import { GROUPS, type MenuItem, type Section } from './section'
import Missing from './shell/Missing.vue'
import Nothing from './shell/Nothing.vue'

/** The entries that this session sees, in sidebar order. */
export function visibleMenu(sections: Section[], session: Pick<Session, 'has'>): MenuItem[] {
  return sections
    .flatMap((section) => section.menu)
    .filter((item) => session.has(...item.roles))
    .sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || a.order - b.order)
}

/** The entry that a page belongs to: `/rounds/…` to `/rounds`; `/lab/runs/…` to `/lab/runs`, not to `/lab`. */
export function entryOf(items: readonly MenuItem[], path: string): MenuItem | undefined {
  const under = items.filter((item) => path === item.path || path.startsWith(`${item.path}/`))
  return under.sort((a, b) => b.path.length - a.path.length)[0]
}

/** The one-time code of `#/setup?code=…` or `#/reset?code=…`, if that is the address. */
export function codeOf(page: '/setup' | '/reset', hash: string): string | undefined {
  const [path, query] = hash.replace(/^#/, '').split('?')
  return path === page ? (new URLSearchParams(query).get('code') ?? undefined) : undefined
}

export function makeRouter(sections: Section[], session: Session) {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      {
        path: '/',
        component: Nothing,
        beforeEnter: () => visibleMenu(sections, session)[0]?.path ?? true,
      },
      ...sections.flatMap((section) => section.routes),
      { path: '/:rest(.*)*', component: Missing },
    ],
    scrollBehavior: () => ({ top: 0 }),
  })
}
