-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Catches the budget error again and again.

return {
  run = function()
    while true do pcall(function() while true do end end) end
  end,
}
