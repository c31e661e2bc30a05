-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Asks the shop for ever.

return {
  run = function()
    while true do http.get("shop", "/") end
  end,
}
