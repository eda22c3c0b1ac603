import '@allclear/kit/tokens.css'
import '@allclear/kit/phone.css'
import './field.css'
import { installI18n, installSession } from '@allclear/kit'
import { createApp } from 'vue'
import { installBook } from './book'
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
  const app = createApp(FieldApp)
  installI18n(app, { boxes, courier, field: messages, outbox, parts, register, start }, 'field.title')
  installSession(app)
  installSignals(app)
  installUpdates(app)
  await installBook(app)
  app.mount('#app')
}

void main()
