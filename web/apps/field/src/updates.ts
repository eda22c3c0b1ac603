// The service worker: the app starts without network. A new version waits until somebody takes it.
import type { App, InjectionKey, Ref } from 'vue'
import { inject, ref } from 'vue'

export interface Updates {
  /** A new version is on the phone and waits. */
  waiting: Readonly<Ref<boolean>>
  take(): void
}

const UPDATES: InjectionKey<Updates> = Symbol('updates')

export function installUpdates(app: App): void {
  const waiting = ref(false)
  let worker: ServiceWorker | null = null
  app.provide(UPDATES, { waiting, take: () => worker?.postMessage('take over') })
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return
  const offer = (next: ServiceWorker | null) => {
    if (!next || !navigator.serviceWorker.controller) return
    worker = next
    waiting.value = true
  }
  let asked = false
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    // Only after somebody took the new version; the very first worker changes nothing on screen.
    if (asked || !waiting.value) return
    asked = true
    window.location.reload()
  })
  void navigator.serviceWorker
    .register('/field/sw.js', { scope: '/field/' })
    .then((registration) => {
      offer(registration.waiting)
      registration.addEventListener('updatefound', () => {
        const next = registration.installing
        next?.addEventListener('statechange', () => next.state === 'installed' && offer(next))
      })
    })
    .catch(() => undefined)
}

export function useUpdates(): Updates {
  const updates = inject(UPDATES)
  if (!updates) throw new Error('installUpdates was not called')
  return updates
}
