-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A coroutine has hooks of its own: there are none.

return {
  run = function()
    local c = coroutine.create(function() while true do end end)
    while true do coroutine.resume(c) end
  end,
}
