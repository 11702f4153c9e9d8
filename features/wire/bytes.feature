Feature: Lines that are slow, dead or torn
  A modem in a cellar, a firewall that forgets connections, a base station that is handed over: what comes is late, half or nothing, and
  the till has to tell the technician which it was.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @WIR-001 @clock
  Scenario Outline: At <rate> bytes a second it takes long, and holds
    Given the line carries <what> at <rate> bytes a second
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY

    Examples:
      | what                       | rate |
      | the 1st sale               | 30   |
      | the answer to the 1st sale | 5    |

  @WIR-004 @clock
  Scenario: So slow that the answer is not there in time
    Given the line carries the answer to the 1st sale at 1 byte a second
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And the line trouble of "T1" is partial-frame
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

  @REV-005 @clock
  Scenario: Answers that come now early, now late
    Given the line delays the answer to every sale by up to 50 seconds
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4970.00 CNY

  @REV-001
  Scenario: The line is reset before the answer
    Given the line is reset before the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And the line trouble of "T1" is closed
    And the host has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

  @REV-003 @clock
  Scenario: The connection died and nobody was told: a till that keeps its connection leaves it when it brings nothing
    Given the line dies unnoticed at the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" has the 1st sale as reversed
    And the host has the 1st sale as tombstone
    And Bob's card holds 5000.00 CNY

  @REV-008 @clock
  Scenario: A line that swallows everything from now on is for people
    Given the line is silent from the answer to the 1st sale on
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" shows REVERSAL_GIVEN_UP
    And "T1" has the 1st sale as exception
    And the host has the 1st sale as approved

  @WIR-002 @clock @unionpay
  Scenario Outline: One wrong bit in <where> of the answer
    Given the line flips a bit in byte <byte> of the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows <screen>
    And "T1" does not show APPROVED
    And "T1" has the 1st sale as reversed
    And Bob's card holds 5000.00 CNY

    Examples:
      | where      | byte | screen     |
      | the type   | 12   | BAD_ANSWER |
      | the bitmap | 15   | BAD_ANSWER |
      | the amount | 30   | BAD_MAC    |
