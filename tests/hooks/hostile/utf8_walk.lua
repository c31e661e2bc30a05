-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Walks a text of millions of characters again and again.

return {
  run = function()
    local t = ("é"):rep(500000)
    while true do utf8.len(t) end
  end,
}
