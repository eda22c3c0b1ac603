import '@allclear/kit/tokens.css'
import '@allclear/kit/phone.css'
import { installI18n, installSession } from '@allclear/kit'
import { createApp } from 'vue'
import Resident from './Resident.vue'
import { messages } from './messages'

const app = createApp(Resident)
installI18n(app, { resident: messages }, 'resident.title')
installSession(app)
app.mount('#app')
