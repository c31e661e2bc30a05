-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A customer's words in the log.

return {
  run = function()
    log("he said: my card is 4111 1111 1111 1111")
  end,
}
