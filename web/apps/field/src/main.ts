import '@allclear/kit/tokens.css'
import '@allclear/kit/phone.css'
import './field.css'
import { installI18n, installSession } from '@allclear/kit'
import { createApp } from 'vue'
import { installBook } from './book'
import BrokenPage from './BrokenPage.vue'
import FieldApp from './FieldApp.vue'
import { messages } from './messages'
import { messages as courier } from './pages/courier.messages'
import { messages as outbox } from './pages/outbox.messages'
import { messages as boxes } from './pages/boxes.messages'
import { messages as register } from './pages/register.messages'
import { messages as parts } from './parts/messages'
import { installSignals } from './signal'
import { messages as start } from './start/messages'
import { installUpdates } from './updates'

async function main() {
  // Keys, camera and service worker exist only on a safe origin; say so instead of failing later.
  const broken = !window.isSecureContext ? 'insecure' : !('indexedDB' in window) ? 'storage' : undefined
  if (broken) return cannot(broken)
  const app = createApp(FieldApp)
  installI18n(app, { boxes, courier, field: messages, outbox, parts, register, start }, 'field.title')
  installSession(app)
  installSignals(app)
  installUpdates(app)
  await installBook(app)
  app.mount('#app')
}

function cannot(why: 'insecure' | 'storage') {
  const app = createApp(BrokenPage, { why })
  installI18n(app, { field: messages }, 'field.title')
  app.mount('#app')
}

// A private window may have a database that refuses to open.
main().catch(() => cannot('storage'))
