import '@allclear/kit/tokens.css'
import './desk.css'
import { asProblem, installI18n, installSession } from '@allclear/kit'
import { createApp } from 'vue'
import Desk from './Desk.vue'
import { messages } from './messages'
import { makeRouter } from './router'
import { allSections } from './section'

const sections = allSections()
const app = createApp(Desk, { sections })
const sets = Object.fromEntries(sections.map((section) => [section.name, section.messages]))
installI18n(app, { desk: messages, ...sets }, 'desk.title')
const { session } = installSession(app)
session
  .refresh()
  .catch((error: unknown) => console.warn(asProblem(error).message))
  .finally(() => {
    app.use(makeRouter(sections, session))
    app.mount('#app')
  })
