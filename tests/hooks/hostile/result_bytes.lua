-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A result that is no text in UTF-8.

return {
  run = function()
    return "\255\254"
  end,
}
