import '@allclear/kit/tokens.css'
import { installI18n, installSession } from '@allclear/kit'
import { createApp } from 'vue'
import Board from './Board.vue'
import { messages } from './messages'

const app = createApp(Board)
installI18n(app, { board: messages }, 'board.title')
installSession(app)
app.mount('#app')
