// Five pages, one hash each. A router would be more code than this.
import { onScopeDispose, readonly, ref } from 'vue'

export const PAGES = ['register', 'boxes', 'courier', 'outbox'] as const
export type Page = (typeof PAGES)[number]

const read = (): Page => {
  const word = window.location.hash.replace(/^#\/?/, '').split(/[?/]/)[0]
  return PAGES.find((page) => page === word) ?? 'register'
}

export function usePage() {
  const page = ref<Page>(read())
  const heard = () => (page.value = read())
  window.addEventListener('hashchange', heard)
  onScopeDispose(() => window.removeEventListener('hashchange', heard))
  const go = (to: Page) => {
    window.location.hash = `#/${to}`
  }
  return { page: readonly(page), go }
}
