-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A result that is a function.

return {
  run = function()
    return function() end
  end,
}
