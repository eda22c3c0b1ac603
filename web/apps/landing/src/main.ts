import '@allclear/kit/tokens.css'
import { installI18n, installSession } from '@allclear/kit'
import { createApp } from 'vue'
import Landing from './Landing.vue'
import { messages } from './messages'

const app = createApp(Landing)
installI18n(app, { landing: messages }, 'landing.title')
installSession(app)
app.mount('#app')
