Feature: What the till knows of its own day
  A cashier whose customer says "it did not go through" asks the till, not the host: it must know what became of each payment,
  and say so after the lights were out.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Alice has paid 10.00 CNY at "T1"

  @OPR-011
  Scenario: The last payment was approved
    When the cashier asks for the last payment at "T1"
    Then "T1" tells of the 1st sale as approved
    And no message went to the host

  @OPR-011
  Scenario: The last payment was declined
    When Dave swipes 20.00 CNY at "T1"
    And the cashier asks for the last payment at "T1"
    Then "T1" shows KEEP_CARD
    And "T1" tells of the 2nd sale as declined

  @OPR-011 @clock
  Scenario: The last payment was reversed
    Given the line loses the answer to the 2nd sale
    When Bob swipes 20.00 CNY at "T1"
    And the cashier asks for the last payment at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" tells of the 2nd sale as reversed

  @OPR-011 @clock
  Scenario: The last payment could not be reversed
    Given the line loses the answer to the 2nd sale
    And the line loses the answer to every reversal
    When Bob swipes 20.00 CNY at "T1"
    And the cashier asks for the last payment at "T1"
    Then "T1" shows NO_ANSWER
    And "T1" shows REVERSAL_GIVEN_UP
    And "T1" tells of the 2nd sale as exception

  @OPR-011
  Scenario: The last payment is a void
    When Alice has the 1st sale voided at "T1"
    And the cashier asks for the last payment at "T1"
    Then "T1" tells of the 1st void as approved

  @OPR-012
  Scenario: After a power cut the till still knows
    When "T1" starts again
    And the cashier asks for the last payment at "T1"
    And the cashier prints the statistics at "T1"
    Then "T1" tells of the 1st sale as approved
    And the statistics of "T1" say
      | day | kind | count | sum       |
      | 1   | sale | 1     | 10.00 CNY |
    And no message went to the host

  @OPR-012
  Scenario: A payment that the power cut short is known when the till is back
    Given "T1" loses its power right after sending the 2nd sale
    When Bob swipes 20.00 CNY at "T1"
    And "T1" starts again
    And the cashier asks for the last payment at "T1"
    Then "T1" tells of the 2nd sale as reversed

  @OPR-013
  Scenario: The statistics count each kind for itself
    When Alice swipes 20.00 CNY at "T1" and enters her PIN
    And Alice has the 1st sale voided at "T1"
    And Alice has 5.00 CNY of the 2nd sale refunded at "T1"
    And Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 480.00 CNY at "T1"
    And Dave swipes 30.00 CNY at "T1"
    And the cashier prints the statistics at "T1"
    Then "T1" shows KEEP_CARD
    And the statistics of "T1" say
      | day | kind       | count | sum        |
      | 1   | sale       | 2     | 30.00 CNY  |
      | 1   | void       | 1     | 10.00 CNY  |
      | 1   | refund     | 1     | 5.00 CNY   |
      | 1   | pre-auth   | 1     | 500.00 CNY |
      | 1   | completion | 1     | 480.00 CNY |

  @OPR-013 @clock
  Scenario: What was reversed does not count
    Given the line loses the answer to the 2nd sale
    When Bob swipes 20.00 CNY at "T1"
    And the cashier prints the statistics at "T1"
    Then "T1" shows NO_ANSWER
    And the statistics of "T1" say
      | day | kind | count | sum       |
      | 1   | sale | 1     | 10.00 CNY |

  @OPR-014 @clock
  Scenario: A day ends at the shop's midnight
    Given 15 hours pass
    And operator "01" logs in at "T1"
    When Bob swipes 20.00 CNY at "T1"
    And the cashier prints the statistics at "T1"
    Then the statistics of "T1" say
      | day | kind | count | sum       |
      | 1   | sale | 1     | 10.00 CNY |
      | 2   | sale | 1     | 20.00 CNY |

  @OPR-012 @clock
  Scenario: A payment that is still to be reversed is told as such
    Given "T1" loses its power right after sending the 2nd sale
    When Bob swipes 20.00 CNY at "T1"
    And the line refuses connections
    And "T1" starts again
    And the cashier asks for the last payment at "T1"
    And the line works again
    And Bob swipes 30.00 CNY at "T1"
    Then "T1" tells of the 2nd sale as pending
    And "T1" shows NO_CONNECTION
    And "T1" has the 2nd sale as reversed
