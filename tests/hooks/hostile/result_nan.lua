-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A result that is no number.

return {
  run = function()
    return 0 / 0
  end,
}
