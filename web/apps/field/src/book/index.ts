// The plug between the engine and the screens: one `Field` an app, and views that read it again
// whenever something was kept or answered.
import { Field, httpTransport } from '@allclear/engine'
import type { App, ComputedRef, InjectionKey, Ref } from 'vue'
import { computed, inject, ref } from 'vue'

export interface Book {
  field: Field
  online: Readonly<Ref<boolean>>
  /** Reads the engine. `read` must make a fresh value, or a change inside it goes unseen. */
  view<T>(read: (field: Field) => T): ComputedRef<T>
}

const BOOK: InjectionKey<Book> = Symbol('book')
const MINUTE_MS = 60_000

export async function installBook(app: App): Promise<Field> {
  const field = await Field.open({ transport: (token) => httpTransport(token) })
  const version = ref(0)
  const online = ref(navigator.onLine)
  field.subscribe(() => (version.value += 1))
  const heard = () => {
    online.value = navigator.onLine
    if (navigator.onLine) field.sendNow()
  }
  window.addEventListener('online', heard)
  window.addEventListener('offline', heard)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && field.sendNow())
  window.setInterval(() => void field.tick(), MINUTE_MS)
  field.startSending()
  // Asks the browser not to clear our storage when the phone runs low.
  void navigator.storage?.persist?.()
  app.provide(BOOK, { field, online, view: (read) => computed(() => (void version.value, read(field))) })
  return field
}

export function useBook(): Book {
  const book = inject(BOOK)
  if (!book) throw new Error('installBook was not called')
  return book
}
